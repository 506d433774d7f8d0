package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"edge/internal/admin"
	"edge/internal/policy"
	"edge/internal/request"
)

// adminFlags say where a running edge is.
type adminFlags struct{ url, token string }

func (a *adminFlags) add(c *cobra.Command, std stdio) {
	url, _ := std.env("EDGE_ADMIN")
	if url == "" {
		url = defaultAdmin
	}
	c.Flags().StringVar(&a.url, "admin", url, "`URL` of the admin API; or EDGE_ADMIN")
	c.Flags().StringVar(&a.token, "token", "", "`token` of the admin API; better in EDGE_ADMIN_TOKEN")
}

// defaultAdmin is where edge listens when nothing else is said.
const defaultAdmin = "http://127.0.0.1:9090"

func (a *adminFlags) client(std stdio) (*admin.Client, error) {
	token := a.token
	if token == "" {
		token, _ = std.env("EDGE_ADMIN_TOKEN")
	}
	client, err := admin.NewClient(a.url, token)
	if err != nil {
		return nil, usageError{err}
	}
	return client, nil
}

// explainFlags are the flags of explain.
type explainFlags struct {
	file, origin, output string
	fields               []string
	live                 bool
	admin                adminFlags
}

func newExplain(std stdio) *cobra.Command {
	var f explainFlags
	c := &cobra.Command{
		Use:   "explain [METHOD] URL",
		Short: "Tell what the policy does with a request, and why",
		Long: `Tell what the policy does with a request: the routes that were tried, what is
in the key, what is withheld, what the origin would see, for how long the answer
lives. It is the code that serves. With --live, ask a running edge, which also
tells what it has stored.`,
		Example: `  edge explain -c edge.yaml 'https://www.example.com/api/posts?q=go'
  edge explain -c edge.yaml POST https://www.example.com/api/posts
  edge explain --live https://www.example.com/api/posts -H 'Cookie: session=x'`,
		Args: cobra.ArbitraryArgs, // requestLine looks at them
		RunE: func(c *cobra.Command, list []string) error {
			method, url, err := requestLine(c, list)
			if err != nil {
				return err
			}
			if err := checkOutput(f.output); err != nil {
				return err
			}
			if f.live {
				return explainLive(c.Context(), std, &f, method, url)
			}
			return explain(std, &f, method, url)
		},
	}
	c.Flags().StringVarP(&f.file, "config", "c", "edge.yaml", "policy `file`")
	c.Flags().StringVar(&f.origin, "origin", "", "`URL` of an origin, instead of a policy file")
	c.Flags().StringArrayVarP(&f.fields, "header", "H", nil, "header `line` of the request; may be repeated")
	c.Flags().BoolVar(&f.live, "live", false, "ask a running edge")
	outputFlag(c, &f.output)
	f.admin.add(c, std)
	return c
}

// requestLine reads the arguments of explain.
func requestLine(c *cobra.Command, list []string) (method, url string, err error) {
	if len(list) < 1 || len(list) > 2 {
		return "", "", withHint(usageError{errors.New("give the URL of a request, and a method before it if it is not GET")}, "usage: %s", c.UseLine())
	}
	method, url = http.MethodGet, list[len(list)-1]
	if len(list) == 2 {
		method = strings.ToUpper(list[0])
	}
	if !strings.HasPrefix(url, "http://") && !strings.HasPrefix(url, "https://") {
		return "", "", withHint(usageError{fmt.Errorf("%q is no absolute URL", url)}, "the host counts as well: 'http://www.example.com/api/posts?q=go'")
	}
	return method, url, nil
}

// explain decides with the policy of a file.
func explain(std stdio, f *explainFlags, method, url string) error {
	p, err := policyOf(std, f)
	if err != nil {
		return configError(err)
	}
	v, fault := request.New(&p.Rules, method, url, f.fields...)
	if fault != request.NoFault {
		return withHint(fmt.Errorf("edge refuses this request with %d: %s", fault.Status(), fault), "%s", fault.Hint())
	}
	e := p.Explain(v)
	if f.output == "json" {
		return std.json(e)
	}
	_, err = fmt.Fprint(std.out, e.Text())
	return err
}

func policyOf(std stdio, f *explainFlags) (*policy.Policy, error) {
	if f.origin != "" {
		return policy.ForOrigin(f.origin, "", nil)
	}
	return policy.Load(source(std, f.file))
}

// explainLive asks a running edge.
func explainLive(ctx context.Context, std stdio, f *explainFlags, method, url string) error {
	client, err := f.admin.client(std)
	if err != nil {
		return err
	}
	e, err := client.Explain(ctx, admin.ExplainRequest{Method: method, URL: url, Headers: f.fields})
	if err != nil {
		return err
	}
	if f.output == "json" {
		return std.json(e.Decision)
	}
	_, err = fmt.Fprint(std.out, e.Text)
	return err
}
