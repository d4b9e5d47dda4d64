-- 1: the index does not hold the document, since its file was lost or another store is configured. It is not found until it is put in again.
ALTER TABLE documents ADD COLUMN lost INTEGER NOT NULL DEFAULT 0 CHECK (lost IN (0, 1));
-- Each search asks for them, and there are none mostly.
CREATE INDEX documents_lost ON documents (domain) WHERE lost = 1;
