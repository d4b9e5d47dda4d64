package sources

import (
	"fmt"
	"net/netip"
	"slices"
	"syscall"
)

// reserved are the networks in which no public server stands, by IANA's registries of special-purpose addresses: whoever writes a list, or a server that redirects, could
// otherwise have this machine ask its own services, its neighbours, or a cloud's service that gives away keys. Forms that carry an IPv4 address inside (NAT64, 6to4, Teredo)
// are among them, since a router may unpack them. Of IPv6, what is not in the global 2000::/3 is refused as a whole.
var reserved = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
	"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"168.63.129.16/32", // a public address by which Azure's machines reach the service that manages them
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

var global6 = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(texts))
	for index, text := range texts {
		parsed[index] = netip.MustParsePrefix(text)
	}
	return parsed
}

// permitted says whether an address may be connected to: a public one, or one of those that are allowed. An IPv4 address in IPv6 is the IPv4 address.
func permitted(address netip.Addr, allowed []netip.Prefix) bool {
	address = address.Unmap().WithZone("")
	holds := func(prefix netip.Prefix) bool { return prefix.Contains(address) }
	switch {
	case !address.IsValid():
		return false
	case slices.ContainsFunc(allowed, holds):
		return true
	case address.Is6() && !global6.Contains(address):
		return false
	default:
		return !slices.ContainsFunc(reserved, holds)
	}
}

// addressError is that of a host whose address is not public.
type addressError struct{ address netip.Addr }

func (e *addressError) Error() string {
	return fmt.Sprintf("its address %s is not on the public internet; if it is a server of your own network, add that network to knowledge.private_addresses", e.address)
}

// check is asked with every address right before it is connected to, after names were resolved: a name that is resolved anew gets no other address past it.
func (f *Fetcher) check(_, address string, _ syscall.RawConn) error {
	parsed, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("connect to %q: %w", address, err)
	}
	if !permitted(parsed.Addr(), f.options.AllowPrivate) {
		return &addressError{parsed.Addr()}
	}
	return nil
}
