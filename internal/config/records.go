package config

import (
	"maps"
	"net/url"
	"slices"
	"strings"
)

// refusal reports a field's value unless it is ok.
type refusal = func(ok bool, field string, value any, allowed string)

// validateRecords checks where the records of all tenants and the transcripts are: each in a place of its own.
func (c *Config) validateRecords(refuse refusal) {
	r := c.Records
	validateDatabase(r.Database, "records", refuse)
	if r.Database != "" {
		refuse(r.Path == "", "records.path", r.Path, "nothing beside records.database, which holds the records")
		refuse(r.TranscriptPath == "", "records.transcript_path", r.TranscriptPath, "nothing beside records.database, which holds the transcripts")
	}
	owners := map[string]string{r.Path: "records.path", r.TranscriptPath: "records.transcript_path"}
	for _, name := range slices.Sorted(maps.Keys(c.Tenants)) {
		tenant, field := c.Tenants[name], "tenants."+name
		refuse(tenantName.MatchString(name) && name != DefaultTenant, "tenants", name, "up to 31 small letters, digits and _, a letter first; not default, which is the tenant of records")
		if tenant.Database != "" {
			validateDatabase(tenant.Database, field, refuse)
			refuse(tenant.Path == "", field+".path", tenant.Path, "nothing beside "+field+".database, which holds the records")
			continue
		}
		other, taken := owners[tenant.Path]
		refuse(!taken, field+".path", tenant.Path, "a file of its own, which "+other+" does not use")
		owners[tenant.Path] = field + ".path"
	}
}

// validateDatabase refuses a URL with a password, which would be in logs and lists of processes, and one that would send what is in the records over a
// network without saying how.
func validateDatabase(database, section string, refuse refusal) {
	if database == "" {
		return
	}
	field := section + ".database"
	const form = "a URL such as postgres://bestbox@127.0.0.1:5432/bestbox"
	server, err := url.Parse(database)
	if err != nil { // its value may hold a password
		refuse(false, field, "no URL", form)
		return
	}
	_, secret := server.User.Password()
	if secret = secret || server.Query().Has("password"); secret {
		refuse(false, field, "a URL with a password", "one without; write the password into a file that only BestBox may read, and its name into "+section+".password_file")
		return
	}
	refuse((server.Scheme == "postgres" || server.Scheme == "postgresql") && strings.Trim(server.Path, "/") != "", field, database, form)
	host := server.Hostname()
	if other := server.Query().Get("host"); other != "" {
		host = other
	}
	here := host == "" || strings.HasPrefix(host, "/") || isLoopback(host)
	refuse(here || server.Query().Has("sslmode"), field, database, "for a host that is not this machine, one that ends in ?sslmode=verify-full (or another mode)")
}
