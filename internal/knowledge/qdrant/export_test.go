package qdrant

import "time"

// RemoveAtOnce lets a server remove collections without an alias however young they are, for tests in which nobody else makes any.
func (s *Server) RemoveAtOnce() { s.grace = -time.Minute }

// Hurry gives a server that is connected other times, for tests in which nobody else uses it.
func (s *Server) Hurry(timeout, patience time.Duration) {
	s.options.Timeout, s.options.Patience = timeout, patience
}
