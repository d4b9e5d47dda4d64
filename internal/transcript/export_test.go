package transcript

import "database/sql"

// Pool returns the connections, for tests that look at the tables.
func (s *Store) Pool() *sql.DB { return s.database.Writer() }
