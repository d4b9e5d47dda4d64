package access

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"bestbox/internal/config"
)

const company = `
roles:
  buyer: {agents: [erp, general], tools: ["get_*", create_purchase_order], approve: [], ingest: [erp]}
  chief: {agents: ["*"], tools: ["*"], approve: ["*"], ingest: ["*"], runs: true}
  clerk: {agents: [oa], tools: [get_leave_balance]}
users:
  chen: {name: Chen Wei, employee: EMP-003, roles: [buyer], key_sha256: KEY}
  lin:  {name: Lin Xiaoyan, employee: EMP-002, roles: [chief]}
  sun:  {roles: [buyer, clerk]}
  ann:  {tenant: acme, roles: [chief]}
four_eyes: [create_*]
`

func hashOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

func companyUsers(t *testing.T) *Users {
	t.Helper()
	users, err := parse("users.yaml", []byte(strings.Replace(company, "KEY", hashOf("the key of chen"), 1)), []string{config.DefaultTenant, "acme"})
	if err != nil {
		t.Fatal(err)
	}
	return users
}

func user(t *testing.T, users *Users, id string) User {
	t.Helper()
	found, err := users.Find(id)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestUsersMayDoWhatOneOfTheirRolesAllows(t *testing.T) {
	t.Parallel()
	users := companyUsers(t)
	tests := []struct {
		who, what string
		may       func(User) error
		want      bool
	}{
		{"chen", "asks an agent of the role", func(u User) error { return u.MayAsk("erp") }, true},
		{"chen", "asks another agent", func(u User) error { return u.MayAsk("crm") }, false},
		{"sun", "asks an agent of the second role", func(u User) error { return u.MayAsk("oa") }, true},
		{"lin", "asks any agent", func(u User) error { return u.MayAsk("brand_new") }, true},
		{"chen", "has a tool of the pattern called", func(u User) error { return u.MayCall("get_top_vendors") }, true},
		{"chen", "has a tool called that only begins like a name", func(u User) error { return u.MayCall("create_purchase_order_now") }, false},
		{"chen", "puts in for an agent of theirs", func(u User) error { return u.MayIngest("erp") }, true},
		{"chen", "puts in for another agent", func(u User) error { return u.MayIngest("crm") }, false},
		{"chen", "puts in for every agent", func(u User) error { return u.MayIngest("") }, false},
		{"lin", "puts in for every agent", func(u User) error { return u.MayIngest("") }, true},
		{"chen", "approves", func(u User) error { return users.MayApprove(u, user(t, users, "sun"), "adjust_stock") }, false},
		{"lin", "approves for a colleague", func(u User) error { return users.MayApprove(u, user(t, users, "chen"), "create_purchase_order") }, true},
		{"lin", "approves what she has asked for herself", func(u User) error { return users.MayApprove(u, u, "adjust_stock") }, true},
		{"lin", "approves alone what takes four eyes", func(u User) error { return users.MayApprove(u, u, "create_purchase_order") }, false},
		{"ann", "approves for another tenant", func(u User) error { return users.MayApprove(u, user(t, users, "chen"), "adjust_stock") }, false},
		{"chen", "sees her own run", func(u User) error { return u.MaySee(user(t, users, "chen")) }, true},
		{"chen", "sees a colleague's run", func(u User) error { return u.MaySee(user(t, users, "lin")) }, false},
		{"lin", "sees a colleague's run", func(u User) error { return u.MaySee(user(t, users, "chen")) }, true},
		{"ann", "sees a run of another tenant", func(u User) error { return u.MaySee(user(t, users, "chen")) }, false},
	}
	for _, test := range tests {
		err := test.may(user(t, users, test.who))
		if (err == nil) != test.want {
			t.Errorf("%s %s: %v", test.who, test.what, err)
		}
		if err != nil && !strings.Contains(err.Error(), test.who) {
			t.Errorf("%s %s: the error %q does not name who", test.who, test.what, err)
		}
	}
}

func TestAKeyIsItsOwnersOnly(t *testing.T) {
	t.Parallel()
	users := companyUsers(t)
	if found, ok := users.ByKey("the key of chen"); !ok || found.ID != "chen" || found.Employee != "EMP-003" {
		t.Errorf("got %+v, %v", found, ok)
	}
	for _, key := range []string{"", "the key of lin", hashOf("the key of chen")} {
		if found, ok := users.ByKey(key); ok {
			t.Errorf("the key %q is that of %s", key, found.ID)
		}
	}
}

func TestWithoutAFileEverybodyIsTheLocalUserAndWithOneNobodyIs(t *testing.T) {
	t.Parallel()
	alone := LocalUsers("EMP-002", "")
	for _, id := range []string{"", "anybody"} {
		if found := user(t, alone, id); found.ID != Local || found.Employee != "EMP-002" || found.MayAsk("erp") != nil || alone.MayApprove(found, found, "x") != nil {
			t.Errorf("%q is %+v", id, found)
		}
	}
	users := companyUsers(t)
	for _, id := range []string{"", Local, "nobody"} {
		if found, err := users.Find(id); err == nil {
			t.Errorf("%q is %+v", id, found)
		}
	}
}

func TestAFileThatCannotWorkIsRefusedWithThePlaceAndWithoutHashes(t *testing.T) {
	t.Parallel()
	const role = "roles: {r: {agents: [erp]}}\n"
	hash := hashOf("secret")
	tests := []struct{ name, content, want string }{
		{"nobody", role, "users: there are none"},
		{"an unknown key", role + "users: {a: {roles: [r], password: x}}", "password"},
		{"an unknown role", role + "users: {a: {roles: [boss]}}", `users.a.roles: "boss"`},
		{"no role", role + "users: {a: {}}", "users.a.roles"},
		{"an unknown tenant", role + "users: {a: {roles: [r], tenant: moon}}", `users.a.tenant: "moon"`},
		{"a bad id", role + "users: {'A b': {roles: [r]}}", `"A b"`},
		{"a bad employee", role + "users: {a: {roles: [r], employee: Sun}}", "users.a.employee"},
		{"a key in the place of its hash", role + "users: {a: {roles: [r], key_sha256: hunter2}}", "users.a.key_sha256"},
		{"one key for two", role + "users: {a: {roles: [r], key_sha256: " + hash + "}, b: {roles: [r], key_sha256: " + hash + "}}", "it is that of a"},
		{"a pattern that is none", "roles: {r: {agents: ['[']}}\nusers: {a: {roles: [r]}}", "roles.r.agents"},
		{"no YAML", "users: [", "[1:8]"},
	}
	for _, test := range tests {
		_, err := parse("users.yaml", []byte(test.content), []string{config.DefaultTenant})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
			continue
		}
		if strings.Contains(err.Error(), hash) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error tells a secret: %v", test.name, err)
		}
	}
}

func TestNamesThatNoAgentAndNoToolHasAreRefusedWithTheirPlace(t *testing.T) {
	t.Parallel()
	agents, tools, writes := []string{"erp", "general", "oa"}, []string{"create_purchase_order", "get_leave_balance", "get_top_vendors"}, []string{"create_purchase_order"}
	if err := companyUsers(t).Check(agents, tools, writes); err != nil {
		t.Error(err)
	}
	if err := LocalUsers("", "").Check(agents, tools, writes); err != nil {
		t.Error(err)
	}
	for _, test := range []struct{ right, wrong, want string }{
		{"agents: [erp, general]", "agents: [erpp, general]", `users.yaml:3: roles.buyer.agents: "erpp" is none; allowed: erp, general, oa`},
		{"create_purchase_order]", "create_purchse_order]", `users.yaml:3: roles.buyer.tools: "create_purchse_order" is none; allowed: create_purchase_order, get_leave_balance, get_top_vendors`},
		{"approve: []", "approve: [move_*]", `users.yaml:3: roles.buyer.approve: "move_*" is none; allowed: create_purchase_order, and patterns of these`},
		{"approve: []", "approve: [get_top_vendors]", `users.yaml:3: roles.buyer.approve: "get_top_vendors" only reads, so that nobody is asked; allowed: create_purchase_order, and patterns of these`},
		{"approve: []", "approve: [create_*, get_*]", `users.yaml:3: roles.buyer.approve: "get_*" only reads`},
		{"approve: []", "approve: [\n    create_*,\n    get_*]", `users.yaml:5: roles.buyer.approve: "get_*" only reads`},
		{"approve: []", "approve: ['*_*']", ""},
		{"ingest: [erp]", "ingest: [erpp]", `users.yaml:3: roles.buyer.ingest: "erpp" is none; allowed: `},
		{"four_eyes: [create_*]", "four_eyes: [craete_purchase_order]", `users.yaml:11: four_eyes: "craete_purchase_order" is none; allowed: create_purchase_order`},
		{"four_eyes: [create_*]", "four_eyes:\n- create_*\n- get_leave_*", `users.yaml:13: four_eyes: "get_leave_*" only reads, so that nobody is asked; allowed: create_purchase_order`},
	} {
		written := strings.Replace(strings.Replace(company, "KEY", hashOf("k"), 1), test.right, test.wrong, 1)
		users, err := parse("users.yaml", []byte(written), []string{config.DefaultTenant, "acme"})
		if err != nil {
			t.Fatal(err)
		}
		if err := users.Check(agents, tools, writes); (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", test.wrong, err, test.want)
		}
	}
}
