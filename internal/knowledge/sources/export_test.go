package sources

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
)

// Permitted is whether an address may be connected to.
func Permitted(address netip.Addr, allowed []netip.Prefix) bool { return permitted(address, allowed) }

// Resolve has names looked up by another resolver.
func (f *Fetcher) Resolve(resolver *net.Resolver) { f.dialer.Resolver = resolver }

// Trust has the certificates of a test's server accepted.
func (f *Fetcher) Trust(roots *x509.CertPool) {
	f.client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots}
}
