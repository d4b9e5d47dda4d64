-- One company per database. Its own today makes every answer about "last quarter" repeatable. Every amount is in whole
-- cents of the company's one currency: the foreign keys on currency make it impossible to add two currencies up.
CREATE TABLE company (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    name       TEXT NOT NULL,
    name_local TEXT NOT NULL,
    currency   TEXT NOT NULL UNIQUE CHECK (length(currency) = 3),
    today      TEXT NOT NULL CHECK (today IS date(today))
) STRICT;

CREATE TABLE departments (
    id   TEXT PRIMARY KEY,
    name TEXT NOT NULL
) STRICT;

CREATE TABLE vendors (
    id                 TEXT PRIMARY KEY,
    name               TEXT NOT NULL,
    name_local         TEXT NOT NULL,
    country            TEXT NOT NULL,
    category           TEXT NOT NULL,
    payment_terms_days INTEGER NOT NULL CHECK (payment_terms_days >= 0),
    lead_time_days     INTEGER NOT NULL CHECK (lead_time_days >= 0),
    since              TEXT NOT NULL CHECK (since IS date(since))
) STRICT;

CREATE TABLE items (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    name_local TEXT NOT NULL,
    category   TEXT NOT NULL,
    unit       TEXT NOT NULL
) STRICT;

-- The list price of an item at a vendor holds from valid_from until the next row.
CREATE TABLE vendor_prices (
    vendor_id        TEXT NOT NULL REFERENCES vendors (id),
    item_id          TEXT NOT NULL REFERENCES items (id),
    valid_from       TEXT NOT NULL CHECK (valid_from IS date(valid_from)),
    unit_price_cents INTEGER NOT NULL CHECK (unit_price_cents > 0),
    currency         TEXT NOT NULL REFERENCES company (currency),
    PRIMARY KEY (vendor_id, item_id, valid_from)
) STRICT;

CREATE TABLE warehouses (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    name_local TEXT NOT NULL,
    city       TEXT NOT NULL
) STRICT;

CREATE TABLE purchase_orders (
    id            TEXT PRIMARY KEY,
    vendor_id     TEXT NOT NULL REFERENCES vendors (id),
    warehouse_id  TEXT NOT NULL REFERENCES warehouses (id),
    department_id TEXT NOT NULL REFERENCES departments (id),
    status        TEXT NOT NULL CHECK (status IN ('draft', 'approved', 'sent', 'received', 'closed', 'cancelled')),
    ordered_on    TEXT NOT NULL CHECK (ordered_on IS date(ordered_on)),
    expected_on   TEXT NOT NULL CHECK (expected_on IS date(expected_on)),
    received_on   TEXT CHECK (received_on IS date(received_on)),
    currency      TEXT NOT NULL REFERENCES company (currency),
    CHECK ((status IN ('received', 'closed')) = (received_on IS NOT NULL))
) STRICT;
CREATE INDEX purchase_orders_by_date ON purchase_orders (ordered_on);
CREATE INDEX purchase_orders_by_vendor ON purchase_orders (vendor_id, ordered_on);

CREATE TABLE purchase_order_lines (
    order_id         TEXT NOT NULL REFERENCES purchase_orders (id),
    line             INTEGER NOT NULL CHECK (line > 0),
    item_id          TEXT NOT NULL REFERENCES items (id),
    quantity         INTEGER NOT NULL CHECK (quantity > 0),
    unit_price_cents INTEGER NOT NULL CHECK (unit_price_cents > 0),
    PRIMARY KEY (order_id, line)
) STRICT;
CREATE INDEX purchase_order_lines_by_item ON purchase_order_lines (item_id);

CREATE TABLE receipts (
    id           TEXT PRIMARY KEY,
    order_id     TEXT NOT NULL REFERENCES purchase_orders (id),
    warehouse_id TEXT NOT NULL REFERENCES warehouses (id),
    received_on  TEXT NOT NULL CHECK (received_on IS date(received_on))
) STRICT;
CREATE INDEX receipts_by_order ON receipts (order_id);

CREATE TABLE receipt_lines (
    receipt_id TEXT NOT NULL REFERENCES receipts (id),
    order_id   TEXT NOT NULL,
    line       INTEGER NOT NULL,
    quantity   INTEGER NOT NULL CHECK (quantity >= 0),
    PRIMARY KEY (receipt_id, line),
    FOREIGN KEY (order_id, line) REFERENCES purchase_order_lines (order_id, line)
) STRICT;
CREATE INDEX receipt_lines_by_order ON receipt_lines (order_id, line);

-- amount_cents is what the vendor asks for; what was received at the ordered prices is found through the order.
CREATE TABLE supplier_invoices (
    id           TEXT PRIMARY KEY,
    vendor_id    TEXT NOT NULL REFERENCES vendors (id),
    order_id     TEXT NOT NULL REFERENCES purchase_orders (id),
    invoiced_on  TEXT NOT NULL CHECK (invoiced_on IS date(invoiced_on)),
    due_on       TEXT NOT NULL CHECK (due_on IS date(due_on)),
    paid_on      TEXT CHECK (paid_on IS date(paid_on)),
    disputed     INTEGER NOT NULL CHECK (disputed IN (0, 1)),
    amount_cents INTEGER NOT NULL CHECK (amount_cents > 0),
    currency     TEXT NOT NULL REFERENCES company (currency),
    CHECK (NOT (disputed = 1 AND paid_on IS NOT NULL))
) STRICT;
CREATE INDEX supplier_invoices_by_vendor ON supplier_invoices (vendor_id);
CREATE INDEX supplier_invoices_by_due ON supplier_invoices (due_on);
CREATE INDEX supplier_invoices_by_order ON supplier_invoices (order_id);
