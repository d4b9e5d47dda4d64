package qdrant

import "time"

// RemoveAtOnce lets a server remove collections without an alias however young they are, for tests in which nobody else makes any.
func (s *Server) RemoveAtOnce() { s.grace = -time.Minute }
