package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"edge/internal/admin"
	"edge/internal/request"
)

// adminFlags say where a running edge is.
type adminFlags struct{ url, token string }

func (a *adminFlags) add(c *cobra.Command, io stdio) {
	url, _ := io.env("EDGE_ADMIN")
	if url == "" {
		url = "http://127.0.0.1:9090"
	}
	c.Flags().StringVar(&a.url, "admin", url, "`URL` of the admin API; or EDGE_ADMIN")
	c.Flags().StringVar(&a.token, "token", "", "token of the admin API; or EDGE_ADMIN_TOKEN")
}

func (a *adminFlags) client(io stdio) (*admin.Client, error) {
	token := a.token
	if token == "" {
		token, _ = io.env("EDGE_ADMIN_TOKEN")
	}
	return admin.NewClient(a.url, token)
}

// outputFlag is --output text|json.
func outputFlag(c *cobra.Command, to *string) {
	c.Flags().StringVar(to, "output", "text", "`format` of the output: text or json")
}

func checkOutput(output string) error {
	if output != "text" && output != "json" {
		return usageError{fmt.Errorf("--output %s: give text or json", output)}
	}
	return nil
}

// explainFlags are the flags of explain.
type explainFlags struct {
	file, origin, output string
	fields               []string
	live                 bool
	admin                adminFlags
}

func newExplain(io stdio) *cobra.Command {
	var f explainFlags
	c := &cobra.Command{
		Use:   "explain [METHOD] URL",
		Short: "Tell what the policy does with a request, and why",
		Long: `Tell what the policy does with a request: the routes that were tried, what is
in the key, what is withheld, what the origin would see, for how long the answer
lives. It is the code that serves. With --live, ask a running edge, which also
tells what it has stored.`,
		Example: `  edge explain -c edge.yaml https://www.example.com/api/posts?q=go
  edge explain -c edge.yaml POST https://www.example.com/api/posts
  edge explain --live https://www.example.com/api/posts -H 'Cookie: session=x'`,
		Args: args(cobra.RangeArgs(1, 2)),
		RunE: func(c *cobra.Command, list []string) error {
			method, url := http.MethodGet, list[len(list)-1]
			if len(list) == 2 {
				method = strings.ToUpper(list[0])
			}
			if err := checkOutput(f.output); err != nil {
				return err
			}
			if f.live {
				return explainLive(c.Context(), io, &f, method, url)
			}
			return explain(io, &f, method, url)
		},
	}
	c.Flags().StringVarP(&f.file, "config", "c", "edge.yaml", "policy `file`")
	c.Flags().StringVar(&f.origin, "origin", "", "`URL` of an origin, instead of a policy file")
	c.Flags().StringArrayVarP(&f.fields, "header", "H", nil, "header `line` of the request; may be repeated")
	c.Flags().BoolVar(&f.live, "live", false, "ask a running edge")
	outputFlag(c, &f.output)
	f.admin.add(c, io)
	return c
}

// explain decides with the policy of a file.
func explain(io stdio, f *explainFlags, method, url string) error {
	p, err := load(io, f.file, f.origin)
	if err != nil {
		return err
	}
	v, fault := request.New(&p.Rules, method, url, f.fields...)
	if fault != request.NoFault {
		return withHint(fmt.Errorf("edge refuses this request with %d: %s", fault.Status(), fault), "%s", fault.Hint())
	}
	_ = v
	return fmt.Errorf("explain is not there yet")
}

// explainLive asks a running edge.
func explainLive(ctx context.Context, io stdio, f *explainFlags, method, url string) error {
	client, err := f.admin.client(io)
	if err != nil {
		return err
	}
	e, err := client.Explain(ctx, admin.ExplainRequest{Method: method, URL: url, Headers: f.fields})
	if err != nil {
		return err
	}
	if f.output == "json" {
		return io.json(e)
	}
	_, err = fmt.Fprint(io.out, e.Text)
	return err
}
