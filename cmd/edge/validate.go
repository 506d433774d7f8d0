package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"edge/internal/policy"
)

// load reads a policy for the commands that serve nothing.
func load(io stdio, file, origin string) (*policy.Policy, error) {
	if origin != "" {
		p, err := policy.ForOrigin(origin, "")
		return p, configErrorOrNil(err)
	}
	p, err := policy.Load(source(io, file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, withHint(err, "name the policy file with -c FILE")
	}
	return p, configErrorOrNil(err)
}

// source is a policy file on disk.
func source(io stdio, file string) policy.Source {
	return policy.Source{Name: file, Read: os.ReadFile, Env: io.env}
}

func configErrorOrNil(err error) error {
	if err == nil {
		return nil
	}
	return configError(err)
}

func newValidate(io stdio) *cobra.Command {
	var file string
	var print bool
	c := &cobra.Command{
		Use:   "validate -c FILE",
		Short: "Check a policy file and tell all its problems",
		Long: `Check a policy file with everything it includes, and tell all problems at once.
The exit status is 1 when there is any. With --print, write the policy as edge
understood it: layers resolved, variables expanded; the output loads again.`,
		Args: args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			p, err := load(io, file, "")
			if err != nil {
				return err
			}
			for _, w := range p.Warnings {
				fmt.Fprintf(io.err, "warning: %s\n", w)
			}
			if print {
				config, err := policy.Read(source(io, file))
				if err != nil {
					return configError(err)
				}
				_, err = io.out.Write(policy.Print(config))
				return err
			}
			_, err = fmt.Fprintf(io.out, "%s: ok, %d routes\n", file, len(p.Routes)-1)
			return err
		},
	}
	c.Flags().StringVarP(&file, "config", "c", "edge.yaml", "policy `file`")
	c.Flags().BoolVar(&print, "print", false, "write the policy as edge understood it")
	return c
}

func newSchema(io stdio) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the policy file",
		Long: `Print the JSON Schema of the policy file, for editors. In the file:

  # yaml-language-server: $schema=edge.schema.json`,
		Args: args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			_, err := io.out.Write(policy.Schema())
			return err
		},
	}
}
