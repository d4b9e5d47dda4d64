-- Stock on hand is the sum of the movements; nothing stores it a second time.
CREATE TABLE stock_movements (
    id           INTEGER PRIMARY KEY,
    warehouse_id TEXT NOT NULL REFERENCES warehouses (id),
    item_id      TEXT NOT NULL REFERENCES items (id),
    moved_on     TEXT NOT NULL CHECK (moved_on IS date(moved_on)),
    kind         TEXT NOT NULL CHECK (kind IN ('opening', 'receipt', 'issue', 'adjustment')),
    quantity     INTEGER NOT NULL CHECK (quantity <> 0), -- into the warehouse is positive, out of it negative
    reference    TEXT NOT NULL
) STRICT;
CREATE INDEX stock_movements_by_place ON stock_movements (warehouse_id, item_id, quantity);

CREATE TABLE reorder_points (
    warehouse_id TEXT NOT NULL REFERENCES warehouses (id),
    item_id      TEXT NOT NULL REFERENCES items (id),
    quantity     INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (warehouse_id, item_id)
) STRICT;
