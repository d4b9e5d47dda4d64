-- Who has agreed to pay an invoice, by the key of the call that did it (effects). An invoice is paid elsewhere.
CREATE TABLE invoice_approvals (
    invoice_id  TEXT PRIMARY KEY REFERENCES supplier_invoices (id),
    approved_on TEXT NOT NULL CHECK (approved_on IS date(approved_on)),
    effect      TEXT NOT NULL
) STRICT;
