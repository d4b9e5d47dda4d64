package injection

import (
	"context"
	"errors"
	"fmt"

	"bestbox/internal/database"
	"bestbox/internal/records"
)

const (
	// otherTenant is a second company beside the one that is asked.
	otherTenant = "acme"
	// ofOther stands in all that it holds and the first one does not.
	ofOther = "Acmeonly"
)

// makeOther makes the records of the other tenant, whose rows say whose they are. Two have numbers that the first company does not know.
func makeOther(ctx context.Context, location database.Location) (err error) {
	db, err := records.Open(ctx, location)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, statement := range []string{
		"UPDATE customers SET name = 'Acmeonly ' || id", "UPDATE vendors SET name = 'Acmeonly ' || id", "UPDATE leads SET company = 'Acmeonly ' || id, inquiry = 'Acmeonly'",
		"UPDATE mails SET subject = 'Acmeonly', body = 'Acmeonly'", "UPDATE company_documents SET title = 'Acmeonly', summary = 'Acmeonly'", "UPDATE log_lines SET message = 'Acmeonly'",
		"UPDATE tickets SET title = 'Acmeonly'", "UPDATE items SET name = 'Acmeonly'",
		`INSERT INTO customers (id, name, name_local, industry, country, segment, since, owner_id, payment_terms_days)
			SELECT 'CUS-777', name, name_local, industry, country, segment, since, owner_id, payment_terms_days FROM customers WHERE id = 'CUS-001'`,
		`INSERT INTO leads (id, company, name_local, contact, industry, country, employees, source, stage, created_on, owner_id, next_step, inquiry, currency)
			SELECT 'LEAD-777', company, name_local, contact, industry, country, employees, source, stage, created_on, owner_id, next_step, inquiry, currency FROM leads WHERE id = 'LEAD-007'`,
	} {
		if _, err := db.SQL().ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("make the company of %s: %s: %w", otherTenant, statement, err)
		}
	}
	return nil
}
