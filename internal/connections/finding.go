package connections

// Finding is how one connection does when somebody looks.
type Finding struct {
	// Connection is what was looked at, as people call it: Alertmanager, the log of SVC-001.
	Connection string `json:"connection"`
	// OK is false where something must be set right.
	OK bool `json:"ok"`
	// Says what was found, or what is wrong.
	Says string `json:"says"`
}

// Found makes a finding of what was found, or of why nothing was.
func Found(connection, says string, err error) Finding {
	if err != nil {
		return Finding{connection, false, err.Error()}
	}
	return Finding{connection, true, says}
}
