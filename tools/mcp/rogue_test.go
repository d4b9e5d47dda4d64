package mcp_test

func rogue(string) {}
