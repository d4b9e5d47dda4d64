package sources_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bestbox/internal/knowledge/sources"
)

func TestAListIsReadWithoutCommentsAndTwins(t *testing.T) {
	t.Parallel()
	urls, err := sources.ReadList([]byte("\uFEFF# handbooks\r\n\r\nhttps://example.com/a?b=c  # the first\r\n  http://example.com:8080/d\t# 第二\n" +
		"https://example.com/a?b=c#part\nHTTPS://example.com/价格\n\u00a0# after a wide blank\nhttp://[2606:4700::1111]/"))
	require.NoError(t, err)
	assert.Equal(t, []string{
		"https://example.com/a?b=c", "http://example.com:8080/d", "https://example.com/%E4%BB%B7%E6%A0%BC", "http://[2606:4700::1111]/",
	}, urls)
	urls, err = sources.ReadList(nil)
	require.NoError(t, err)
	assert.Empty(t, urls)
}

func TestEveryLineThatIsNoURLIsNamed(t *testing.T) {
	t.Parallel()
	_, err := sources.ReadList([]byte(strings.Join([]string{
		"https://example.com", "ftp://example.com/x", "example.com/page", "http:///path", "https://me:hunter2@example.com/?key=abc", "http://example.com:99999/",
		"http://exa mple.com/hunter2", "file:///etc/passwd", "javascript:alert(1)", "https://" + strings.Repeat("a", 9000), "http://example.com/%zz", "http://example.com:0/",
	}, "\n")))
	require.Error(t, err)
	lines := strings.Split(err.Error(), "\n")
	for index, want := range []string{
		"line 2: ftp://example.com/x begins with neither http:// nor https://; only those are fetched",
		"line 3: example.com/page begins with neither",
		"line 4: http:///path names no host",
		"line 5: https://example.com/?… has a user name in it",
		"line 6: http://example.com:99999/ has a port that is not from 1 to 65535",
		"line 7: no URL: ",
		"line 8: file:///etc/passwd begins with neither",
		"line 9: javascript:alert(1) begins with neither",
		"line 10: the URL is longer than 8000 bytes",
		"line 11: no URL: ",
		"line 12: http://example.com:0/ has a port",
	} {
		assert.True(t, strings.HasPrefix(lines[index], want), lines[index])
	}
	assert.Len(t, lines, 11)
	assert.NotContains(t, err.Error(), "hunter2")
	assert.NotContains(t, err.Error(), "abc")
	_, err = sources.New(sources.Options{}).Fetch(t.Context(), "file:///etc/passwd")
	require.ErrorContains(t, err, "begins with neither")
}

func TestAListThatIsNoTextOrTooLongIsRefused(t *testing.T) {
	t.Parallel()
	_, err := sources.ReadList([]byte("https://example.com/\xff"))
	require.ErrorContains(t, err, "the list is no UTF-8 text")
	var long strings.Builder
	for number := range 10_001 {
		fmt.Fprintf(&long, "https://example.com/%d\n", number)
	}
	_, err = sources.ReadList([]byte(long.String()))
	require.ErrorContains(t, err, "the list has 10001 URLs, and 10000 are accepted; split it")
}
