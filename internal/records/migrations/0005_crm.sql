-- Sales: who buys, what it costs them, what they have ordered, paid and complained about, and what may become an order.
CREATE TABLE sales_people (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    name_local TEXT NOT NULL
) STRICT;

CREATE TABLE customers (
    id                 TEXT PRIMARY KEY,
    name               TEXT NOT NULL,
    name_local         TEXT NOT NULL,
    industry           TEXT NOT NULL,
    country            TEXT NOT NULL,
    segment            TEXT NOT NULL CHECK (segment IN ('key', 'standard', 'small')),
    since              TEXT NOT NULL CHECK (since IS date(since)),
    owner_id           TEXT NOT NULL REFERENCES sales_people (id),
    payment_terms_days INTEGER NOT NULL CHECK (payment_terms_days >= 0)
) STRICT;

CREATE TABLE contacts (
    id          TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    name        TEXT NOT NULL,
    name_local  TEXT NOT NULL,
    role        TEXT NOT NULL,
    mail        TEXT NOT NULL
) STRICT;
CREATE INDEX contacts_by_customer ON contacts (customer_id);

-- What the company sells. A product without a list price is made or done to order, and has no fixed price.
CREATE TABLE products (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    name_local TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('product', 'service')),
    unit       TEXT NOT NULL
) STRICT;

-- The purchased parts in one piece of a product.
CREATE TABLE product_parts (
    product_id TEXT NOT NULL REFERENCES products (id),
    item_id    TEXT NOT NULL REFERENCES items (id),
    quantity   INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (product_id, item_id)
) STRICT;

-- The list price of a product holds from valid_from until the next row.
CREATE TABLE price_list (
    product_id       TEXT NOT NULL REFERENCES products (id),
    valid_from       TEXT NOT NULL CHECK (valid_from IS date(valid_from)),
    unit_price_cents INTEGER NOT NULL CHECK (unit_price_cents > 0),
    currency         TEXT NOT NULL REFERENCES company (currency),
    PRIMARY KEY (product_id, valid_from)
) STRICT;

-- The discount that customers of a segment get on an order of at least from_cents at list prices.
CREATE TABLE discount_tiers (
    segment    TEXT NOT NULL CHECK (segment IN ('key', 'standard', 'small')),
    from_cents INTEGER NOT NULL CHECK (from_cents >= 0),
    percent    INTEGER NOT NULL CHECK (percent BETWEEN 0 AND 50),
    PRIMARY KEY (segment, from_cents)
) STRICT;

CREATE TABLE leads (
    id           TEXT PRIMARY KEY,
    company      TEXT NOT NULL,
    name_local   TEXT NOT NULL,
    contact      TEXT NOT NULL,
    industry     TEXT NOT NULL,
    country      TEXT NOT NULL,
    employees    INTEGER NOT NULL CHECK (employees > 0),
    source       TEXT NOT NULL CHECK (source IN ('referral', 'partner', 'trade fair', 'website', 'cold call')),
    stage        TEXT NOT NULL CHECK (stage IN ('new', 'contacted', 'qualified', 'converted', 'disqualified')),
    budget_cents INTEGER CHECK (budget_cents > 0),      -- as they say; missing: not known
    wanted_on    TEXT CHECK (wanted_on IS date(wanted_on)), -- when they want to buy; missing: not known
    created_on   TEXT NOT NULL CHECK (created_on IS date(created_on)),
    owner_id     TEXT NOT NULL REFERENCES sales_people (id),
    next_step    TEXT NOT NULL,
    next_step_on TEXT CHECK (next_step_on IS date(next_step_on)),
    inquiry      TEXT NOT NULL, -- in their own words
    currency     TEXT NOT NULL REFERENCES company (currency)
) STRICT;

CREATE TABLE deal_stages (
    stage               TEXT PRIMARY KEY,
    position            INTEGER NOT NULL UNIQUE,
    probability_percent INTEGER NOT NULL CHECK (probability_percent BETWEEN 0 AND 100),
    open                INTEGER NOT NULL CHECK (open IN (0, 1))
) STRICT;
INSERT INTO deal_stages VALUES ('qualification', 1, 15, 1), ('analysis', 2, 30, 1), ('proposal', 3, 50, 1), ('negotiation', 4, 75, 1),
    ('won', 5, 100, 0), ('lost', 6, 0, 0);

CREATE TABLE deals (
    id                TEXT PRIMARY KEY,
    customer_id       TEXT REFERENCES customers (id),
    lead_id           TEXT REFERENCES leads (id),
    title             TEXT NOT NULL,
    amount_cents      INTEGER NOT NULL CHECK (amount_cents > 0),
    currency          TEXT NOT NULL REFERENCES company (currency),
    expected_close_on TEXT NOT NULL CHECK (expected_close_on IS date(expected_close_on)),
    owner_id          TEXT NOT NULL REFERENCES sales_people (id),
    CHECK ((customer_id IS NULL) <> (lead_id IS NULL))
) STRICT;

-- A deal is in the stage that it entered last.
CREATE TABLE deal_steps (
    deal_id    TEXT NOT NULL REFERENCES deals (id),
    step       INTEGER NOT NULL CHECK (step > 0),
    stage      TEXT NOT NULL REFERENCES deal_stages (stage),
    entered_on TEXT NOT NULL CHECK (entered_on IS date(entered_on)),
    PRIMARY KEY (deal_id, step)
) STRICT;

CREATE TABLE activities (
    id          TEXT PRIMARY KEY,
    customer_id TEXT REFERENCES customers (id),
    lead_id     TEXT REFERENCES leads (id),
    kind        TEXT NOT NULL CHECK (kind IN ('call', 'visit', 'mail', 'meeting', 'note')),
    happened_on TEXT NOT NULL CHECK (happened_on IS date(happened_on)),
    from_them   INTEGER NOT NULL CHECK (from_them IN (0, 1)), -- 1: the text is the customer's own
    owner_id    TEXT NOT NULL REFERENCES sales_people (id),
    text        TEXT NOT NULL,
    CHECK ((customer_id IS NULL) <> (lead_id IS NULL))
) STRICT;
CREATE INDEX activities_by_customer ON activities (customer_id, happened_on);
CREATE INDEX activities_by_lead ON activities (lead_id, happened_on);

CREATE TABLE sales_orders (
    id               TEXT PRIMARY KEY,
    customer_id      TEXT NOT NULL REFERENCES customers (id),
    ordered_on       TEXT NOT NULL CHECK (ordered_on IS date(ordered_on)),
    promised_on      TEXT NOT NULL CHECK (promised_on IS date(promised_on)),
    shipped_on       TEXT CHECK (shipped_on IS date(shipped_on)), -- missing: open
    discount_percent INTEGER NOT NULL CHECK (discount_percent BETWEEN 0 AND 50),
    currency         TEXT NOT NULL REFERENCES company (currency)
) STRICT;
CREATE INDEX sales_orders_by_customer ON sales_orders (customer_id, ordered_on);

-- unit_price_cents is after the discount.
CREATE TABLE sales_order_lines (
    order_id         TEXT NOT NULL REFERENCES sales_orders (id),
    line             INTEGER NOT NULL CHECK (line > 0),
    product_id       TEXT NOT NULL REFERENCES products (id),
    quantity         INTEGER NOT NULL CHECK (quantity > 0),
    unit_price_cents INTEGER NOT NULL CHECK (unit_price_cents > 0),
    PRIMARY KEY (order_id, line)
) STRICT;

-- A line that could not, or cannot, be built before a purchase order brings an item.
CREATE TABLE sales_order_waits (
    order_id          TEXT NOT NULL,
    line              INTEGER NOT NULL,
    purchase_order_id TEXT NOT NULL REFERENCES purchase_orders (id),
    item_id           TEXT NOT NULL REFERENCES items (id),
    PRIMARY KEY (order_id, line, purchase_order_id, item_id),
    FOREIGN KEY (order_id, line) REFERENCES sales_order_lines (order_id, line)
) STRICT;

CREATE TABLE customer_invoices (
    id           TEXT PRIMARY KEY,
    order_id     TEXT NOT NULL UNIQUE REFERENCES sales_orders (id),
    customer_id  TEXT NOT NULL REFERENCES customers (id),
    invoiced_on  TEXT NOT NULL CHECK (invoiced_on IS date(invoiced_on)),
    due_on       TEXT NOT NULL CHECK (due_on IS date(due_on)),
    paid_on      TEXT CHECK (paid_on IS date(paid_on)),
    amount_cents INTEGER NOT NULL CHECK (amount_cents > 0),
    currency     TEXT NOT NULL REFERENCES company (currency)
) STRICT;
CREATE INDEX customer_invoices_by_customer ON customer_invoices (customer_id, invoiced_on);

CREATE TABLE complaints (
    id          TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    order_id    TEXT REFERENCES sales_orders (id),
    kind        TEXT NOT NULL CHECK (kind IN ('late delivery', 'quality', 'wrong parts', 'service', 'invoice')),
    opened_on   TEXT NOT NULL CHECK (opened_on IS date(opened_on)),
    closed_on   TEXT CHECK (closed_on IS date(closed_on)), -- missing: open
    text        TEXT NOT NULL -- the customer's own words
) STRICT;
CREATE INDEX complaints_by_customer ON complaints (customer_id, opened_on);

-- total_cents is what the lines come to after the discount.
CREATE TABLE quotes (
    id               TEXT PRIMARY KEY,
    customer_id      TEXT NOT NULL REFERENCES customers (id),
    deal_id          TEXT REFERENCES deals (id),
    status           TEXT NOT NULL CHECK (status IN ('draft', 'sent', 'accepted', 'declined', 'withdrawn')),
    quoted_on        TEXT NOT NULL CHECK (quoted_on IS date(quoted_on)),
    valid_until      TEXT NOT NULL CHECK (valid_until IS date(valid_until)),
    discount_percent INTEGER NOT NULL CHECK (discount_percent BETWEEN 0 AND 50),
    list_cents       INTEGER NOT NULL CHECK (list_cents > 0),
    total_cents      INTEGER NOT NULL CHECK (total_cents > 0),
    currency         TEXT NOT NULL REFERENCES company (currency),
    CHECK (valid_until >= quoted_on)
) STRICT;

CREATE TABLE quote_lines (
    quote_id         TEXT NOT NULL REFERENCES quotes (id),
    line             INTEGER NOT NULL CHECK (line > 0),
    product_id       TEXT NOT NULL REFERENCES products (id),
    quantity         INTEGER NOT NULL CHECK (quantity > 0),
    unit_price_cents INTEGER NOT NULL CHECK (unit_price_cents > 0), -- of the list
    PRIMARY KEY (quote_id, line)
) STRICT;
