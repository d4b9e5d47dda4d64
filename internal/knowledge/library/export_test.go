package library

import "time"

// Forget forgets which model the embedding server has, as a minute does.
func (l *Library) Forget() {
	l.described.Lock()
	defer l.described.Unlock()
	l.described.when = time.Time{}
}
