package sources_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"bestbox/internal/knowledge/sources"
)

var loopback = netip.MustParsePrefix("127.0.0.1/32")

// allowing fetches from the tests' own servers as well.
func allowing(options sources.Options) *sources.Fetcher {
	options.AllowPrivate = []netip.Prefix{loopback}
	return sources.New(options)
}

func TestOnlyPublicAddressesArePermitted(t *testing.T) {
	t.Parallel()
	for name, list := range map[string]string{
		"loopback":            "127.0.0.1 127.255.255.254 ::1",
		"private":             "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 fc00::1 fd00:ec2::254 fec0::1",
		"link-local":          "169.254.0.1 fe80::1 fe80::1%eth0",
		"cloud metadata":      "169.254.169.254 169.254.170.2 100.100.100.200 192.0.0.192 168.63.129.16 fd20:ce::254",
		"shared":              "100.64.0.1 100.127.255.255",
		"multicast":           "224.0.0.1 239.255.255.255 ff02::1",
		"unspecified":         "0.0.0.0 0.1.2.3 ::",
		"broadcast, reserved": "255.255.255.255 240.0.0.1",
		"examples, tests":     "192.0.2.1 198.51.100.1 203.0.113.1 198.18.0.1 198.19.255.255 2001:db8::1 3fff::1 2001:2::1",
		"mapped":              "::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254",
		"compatible":          "::127.0.0.1 ::10.0.0.1",
		"translated":          "64:ff9b::127.0.0.1 64:ff9b::8.8.8.8 64:ff9b:1::10.0.0.1 ::ffff:0:127.0.0.1",
		"6to4, Teredo":        "2002:7f00:1::1 2002:a00:1::1 192.88.99.1 2001:0:7f00:1::1",
		"discard":             "100::1",
	} {
		for text := range strings.FieldsSeq(list) {
			assert.False(t, sources.Permitted(netip.MustParseAddr(text), nil), "%s: %s", name, text)
		}
	}
	assert.False(t, sources.Permitted(netip.Addr{}, nil))
	for text := range strings.FieldsSeq("1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 172.15.0.1 172.32.0.1 192.167.1.1 223.255.255.255 " +
		"2606:4700:4700::1111 2a00:1450:4001::1 2001:4860:4860::8888 ::ffff:8.8.8.8") {
		assert.True(t, sources.Permitted(netip.MustParseAddr(text), nil), text)
	}
}

func TestAnAllowedNetworkIsThatAndNoOther(t *testing.T) {
	t.Parallel()
	allowed := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd12::/32"), netip.MustParsePrefix("fe80::/64")}
	for text, want := range map[string]bool{
		"10.1.2.3": true, "::ffff:10.1.2.3": true, "fd12::1": true, "8.8.8.8": true, "fe80::1%eth0": true,
		"10.2.0.1": false, "127.0.0.1": false, "fd13::1": false, "64:ff9b::10.1.2.3": false,
	} {
		assert.Equal(t, want, sources.Permitted(netip.MustParseAddr(text), allowed), text)
	}
}

// counting is a server that tells how often it was connected to.
func counting(t *testing.T, address string, handler http.HandlerFunc) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(handler)
	server.Listener.Close()
	server.Listener = listener
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server, &connections
}

func secret(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("secret")) }

func TestAServerOfThisMachineIsNotEvenConnectedTo(t *testing.T) {
	t.Parallel()
	server, connections := counting(t, "127.0.0.1:0", secret)
	port := server.Listener.Addr().(*net.TCPAddr).Port
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"} {
		_, err := sources.New(sources.Options{}).Fetch(t.Context(), "http://"+net.JoinHostPort(strings.Trim(host, "[]"), netPort(port))+"/")
		require.ErrorContains(t, err, "is not on the public internet; if it is a server of your own network, add that network to knowledge.private_addresses", host)
	}
	assert.Zero(t, connections.Load())
	_, err := allowing(sources.Options{}).Fetch(t.Context(), server.URL)
	require.NoError(t, err)
	assert.EqualValues(t, 1, connections.Load(), "what is counted can be seen")
}

func TestTheEnvironmentsProxyIsNotAsked(t *testing.T) {
	proxy, connections := counting(t, "127.0.0.1:0", secret)
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	names := nameServer(t, netip.MustParseAddr("127.0.0.9"))
	fetcher := allowing(sources.Options{})
	fetcher.Resolve(names)
	_, err := fetcher.Fetch(t.Context(), "http://pages.test/")
	require.ErrorContains(t, err, "127.0.0.9 is not on the public internet")
	assert.Zero(t, connections.Load())
}

// nameServer is a resolver whose server gives one address after the other for every name, and the last one from then on.
func nameServer(t *testing.T, addresses ...netip.Addr) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { server.Close() })
	go func() {
		packet := make([]byte, 1500)
		for {
			size, from, err := server.ReadFrom(packet)
			if err != nil {
				return
			}
			var message dnsmessage.Message
			if message.Unpack(packet[:size]) != nil || len(message.Questions) != 1 {
				continue
			}
			question := message.Questions[0]
			answer := dnsmessage.Message{Header: dnsmessage.Header{ID: message.ID, Response: true, RecursionAvailable: true}, Questions: message.Questions}
			if question.Type == dnsmessage.TypeA {
				answer.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: question.Name, Type: question.Type, Class: question.Class},
					Body:   &dnsmessage.AResource{A: addresses[0].As4()},
				}}
				addresses = addresses[min(1, len(addresses)-1):]
			}
			if packed, err := answer.Pack(); err == nil {
				_, _ = server.WriteTo(packed, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: (&redialer{server.LocalAddr().String()}).dial}
}

func TestANameThatComesToAnotherAddressTheSecondTimeIsRefusedThen(t *testing.T) {
	t.Parallel()
	inner, connections := counting(t, "127.0.0.2:0", secret)
	port := netPort(inner.Listener.Addr().(*net.TCPAddr).Port)
	outer, _ := counting(t, net.JoinHostPort("127.0.0.1", port), func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close") // so that the second request looks the name up again
		http.Redirect(w, r, "/again", http.StatusFound)
	})
	fetcher := allowing(sources.Options{})
	fetcher.Resolve(nameServer(t, netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")))
	_, err := fetcher.Fetch(t.Context(), "http://rebinding.test:"+port+"/")
	require.ErrorContains(t, err, "its address 127.0.0.2 is not on the public internet")
	assert.Zero(t, connections.Load())
	assert.NotEmpty(t, outer.URL)

	fetcher = sources.New(sources.Options{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	fetcher.Resolve(nameServer(t, netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")))
	fetched, err := fetcher.Fetch(t.Context(), "http://rebinding.test:"+port+"/")
	require.NoError(t, err, "where both are allowed, the page is found, so the name really changes")
	assert.Equal(t, "secret", string(fetched.Bytes))
}
