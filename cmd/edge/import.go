package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"edge/internal/nextjs"
)

func newImport(std stdio) *cobra.Command {
	c := &cobra.Command{
		Use:   "import",
		Short: "Write a policy from an application's code",
		Long:  "Write a policy from an application's code.",
		Args:  unknownCommand,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newImportNextjs(std))
	return c
}

// importFlags are the flags of import nextjs.
type importFlags struct {
	file, build, format string
	trust               bool
}

func newImportNextjs(std stdio) *cobra.Command {
	var f importFlags
	c := &cobra.Command{
		Use:   "nextjs DIR [-o FILE]",
		Short: "Write the routes of a policy from a Next.js app",
		Long: `Write the routes of a policy from a Next.js app: from what "next build" has left,
or, without a build, from the sources alone. DIR is where package.json and
next.config are. Nothing of the app is run.

Behind each line of the file is where it comes from and how sure it is: build,
source, or assumed, which is the safe choice. Load it with include:. Warnings
are about the code, each with its place.`,
		Example: `  edge import nextjs . -o routes.next.yaml
  edge import nextjs apps/web --output json`,
		Args: cobra.ArbitraryArgs, // appDir looks at them
		RunE: func(c *cobra.Command, list []string) error {
			dir, err := appDir(c, list)
			if err != nil {
				return err
			}
			if err := checkOutput(f.format); err != nil {
				return err
			}
			return importNextjs(std, &f, dir)
		},
	}
	c.Flags().StringVarP(&f.file, "out", "o", "", "`file` to write; standard output without it")
	c.Flags().StringVar(&f.build, "build", ".next", "`directory` of the build, below DIR")
	c.Flags().BoolVar(&f.trust, "trust-middleware", false, "do not make routes dynamic for the proxy (middleware) that runs before them")
	c.Flags().StringVar(&f.format, "output", "text", "`format`: text or json")
	return c
}

// appDir reads the argument of import nextjs.
func appDir(c *cobra.Command, list []string) (string, error) {
	if len(list) != 1 {
		return "", withHint(usageError{errors.New("give the directory of one app")}, "usage: %s", c.UseLine())
	}
	info, err := os.Stat(list[0])
	switch {
	case err != nil:
		return "", withHint(usageError{err}, "name the directory that has package.json and next.config")
	case !info.IsDir():
		return "", withHint(usageError{fmt.Errorf("%s is no directory", list[0])}, "name the directory that has package.json and next.config")
	}
	return list[0], nil
}

// importNextjs imports an app and tells what it found.
func importNextjs(std stdio, f *importFlags, dir string) error {
	app, err := nextjs.Import(nextjs.Options{Root: os.DirFS(dir), Dist: filepath.ToSlash(f.build), TrustMiddleware: f.trust})
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	text := app.YAML()
	if f.file != "" {
		if err := writeWhole(f.file, text); err != nil {
			return err
		}
	}
	if f.format == "json" {
		return std.json(importedOf(app))
	}
	for _, w := range app.Warnings {
		fmt.Fprintf(std.err, "warning: %s\n", w)
	}
	if f.file != "" {
		_, err = fmt.Fprintf(std.out, "%s: %s\n", f.file, count(len(app.Routes), "route"))
		return err
	}
	_, err = std.out.Write(text)
	return err
}

// writeWhole replaces a file: who reads it meanwhile, a running edge for one,
// sees the old text or the new one.
func writeWhole(name string, text []byte) (err error) {
	temporary, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return withHint(fmt.Errorf("cannot write %s: %w", name, err), "name a file in a directory that exists")
	}
	defer func() {
		if err != nil {
			os.Remove(temporary.Name()) // the error says more
		}
	}()
	_, err = temporary.Write(text)
	if err == nil {
		err = temporary.Chmod(0o644)
	}
	if closed := temporary.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(temporary.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", name, err)
	}
	return nil
}

// imported is what was found, for programs.
type imported struct {
	Next     string          `json:"next,omitempty"`
	Built    bool            `json:"built"`
	Routes   []importedRoute `json:"routes"`
	Warnings []problem       `json:"warnings"`
}

type importedRoute struct {
	Path    string            `json:"path"`
	Kind    string            `json:"kind"`
	File    string            `json:"file,omitempty"`
	Mode    string            `json:"mode"`
	Methods []string          `json:"methods,omitempty"`
	Notes   map[string]string `json:"notes"`
}

func importedOf(app *nextjs.App) imported {
	v := imported{Next: app.Version, Built: app.Built, Routes: []importedRoute{}, Warnings: appProblems(app.Warnings)}
	for _, r := range app.Routes {
		v.Routes = append(v.Routes, importedRoute{
			Path: r.Conf.Path, Kind: string(r.Kind), File: r.File,
			Mode: r.Conf.Mode, Methods: r.Conf.Methods, Notes: r.Notes,
		})
	}
	return v
}

func appProblems(list []nextjs.Warning) []problem {
	out := make([]problem, len(list)) // never nil: programs get a list
	for i, w := range list {
		out[i] = problem{w.File, w.Line, w.Column, w.Message, w.Hint}
	}
	return out
}
