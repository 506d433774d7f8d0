package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRedisURLs(t *testing.T) {
	for _, tt := range []struct {
		url  string
		want Shared
	}{
		{"redis://127.0.0.1", Shared{Addresses: []string{"127.0.0.1:6379"}}},
		{"valkey://a:7000/3", Shared{Addresses: []string{"a:7000"}, Database: 3}},
		{"redis://[::1]", Shared{Addresses: []string{"[::1]:6379"}}},
		{"redis://[::1]:7000/", Shared{Addresses: []string{"[::1]:7000"}}},
		{"redis://:secret@a", Shared{Addresses: []string{"a:6379"}, Password: "secret"}},
		{"redis://user@a", Shared{Addresses: []string{"a:6379"}, Username: "user"}},
		{"redis://user:a%2Fb%25@a", Shared{Addresses: []string{"a:6379"}, Username: "user", Password: "a/b%"}},
		{"redis://user:p@ss/100%@a:1/2", Shared{Addresses: []string{"a:1"}, Username: "user", Password: "p@ss/100%", Database: 2}},
		{"rediss+cluster://u:p@a:1,b,c:3", Shared{
			Topology: ClusterOfServers, TLS: true, Addresses: []string{"a:1", "b:6379", "c:3"}, Username: "u", Password: "p",
		}},
		{"valkeys+sentinel://u:p@a,b:1/main/4?sentinel_user=s&sentinel_password=q%26r", Shared{
			Topology: WithSentinels, TLS: true, Addresses: []string{"a:26379", "b:1"}, Username: "u", Password: "p",
			MasterSet: "main", Database: 4, SentinelUsername: "s", SentinelPassword: "q&r",
		}},
	} {
		got, f := parseRedisURL(tt.url)
		if f != nil {
			t.Errorf("%s: %s", tt.url, f.message)
			continue
		}
		if diff := cmp.Diff(tt.want, *got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.url, diff)
		}
	}
}

func TestURLsOfNoServer(t *testing.T) {
	for _, url := range []string{
		"", "s3cret", "127.0.0.1:6379", "http://u:s3cret@a", "redis+://a", "redis+other://a", "unix:///run/redis.sock",
		"redis://", "redis://u:s3cret@", "redis://u:s3cret", "redis://a:s3cret", "redis://a b", "redis://u:s3cret@a,b", "redis://u:s3cret@a/s3cret", "redis://a/-1",
		"redis://u:s3cret@a?client_cache=1", "redis://a?sentinel_password=s3cret", "redis://a?%zz",
		"redis+cluster://u:s3cret@a,/0", "redis+cluster://a/1", "redis+sentinel://u:s3cret@a", "redis+sentinel://a/main/s3cret",
	} {
		s, f := parseRedisURL(url)
		if f == nil {
			t.Errorf("%s: taken as %+v", url, *s)
			continue
		}
		if strings.Contains(f.message+f.hint, "s3cret") {
			t.Errorf("%s: the problem tells the password: %s; %s", url, f.message, f.hint)
		}
	}
}

func TestPasswordsAreHidden(t *testing.T) {
	for url, want := range map[string]string{
		"redis://a:6379/0":            "redis://a:6379/0",
		"redis://user@a:6379":         "redis://user@a:6379",
		"redis://user:s3cret@a":       "redis://user:***@a",
		"redis://:s3:cr@et@a":         "redis://:***@a",
		"redis://user:${PASSWORD}@a":  "redis://user:${PASSWORD}@a",
		"redis://user:x${PASSWORD}@a": "redis://user:***@a",
		"${REDIS_URL}":                "${REDIS_URL}",
		"redis+sentinel://a/m?sentinel_password=s3cret&sentinel_user=u":     "redis+sentinel://a/m?sentinel_password=***&sentinel_user=u",
		"redis+sentinel://u:p@a/m?sentinel_user=u&sentinel_password=s3cret": "redis+sentinel://u:***@a/m?sentinel_user=u&sentinel_password=***",
	} {
		if got := hidePasswords(url); got != want {
			t.Errorf("%s is shown as %s, want %s", url, got, want)
		}
	}
}
