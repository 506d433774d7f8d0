package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"edge/internal/nextjs"
	"edge/internal/policy"
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
	dir                        string // the argument
	file, build, format, check string
	trust                      bool
}

func newImportNextjs(std stdio) *cobra.Command {
	var f importFlags
	c := &cobra.Command{
		Use:   "nextjs DIR [-o FILE | --check FILE]",
		Short: "Write the routes of a policy from a Next.js app",
		Long: `Write the routes of a policy from a Next.js app: from what "next build" has left,
or, without a build, from the sources alone. DIR is where package.json and
next.config are. Nothing of the app is run.

Behind each line of the file is where it comes from and how sure it is: build,
source, or assumed, which is the safe choice. Load it with include:. Warnings
are about the code, each with its place.

With --check nothing is written: the policy file is compared with the code, and
the exit status is 1 when a handler reads something that the policy withholds.`,
		Example: `  edge import nextjs . -o routes.next.yaml
  edge import nextjs . --check edge.yaml
  edge import nextjs apps/web --output json`,
		Args: cobra.ArbitraryArgs, // appDir looks at them
		RunE: func(c *cobra.Command, list []string) (err error) {
			if f.dir, err = appDir(c, list); err != nil {
				return err
			}
			if err := checkOutput(f.format); err != nil {
				return err
			}
			if f.check != "" && f.file != "" {
				return withHint(usageError{errors.New("--check writes nothing")}, "leave out -o or --check")
			}
			return importNextjs(std, &f)
		},
	}
	c.Flags().StringVarP(&f.file, "out", "o", "", "`file` to write; standard output without it")
	c.Flags().StringVar(&f.check, "check", "", "policy `file` to compare with the code")
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
func importNextjs(std stdio, f *importFlags) error {
	app, err := nextjs.Import(nextjs.Options{Root: os.DirFS(f.dir), Dist: filepath.ToSlash(f.build), TrustMiddleware: f.trust})
	if err != nil {
		return fmt.Errorf("%s: %w", f.dir, err)
	}
	for i := range app.Warnings { // places to open from here
		app.Warnings[i].File = filepath.Join(f.dir, app.Warnings[i].File)
	}
	if f.check != "" {
		return checkNextjs(std, f, app)
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

// checkNextjs compares a policy with the code of an app.
func checkNextjs(std stdio, f *importFlags, app *nextjs.App) error {
	p, err := policy.Load(source(std, f.check))
	if err != nil {
		return configError(err)
	}
	config, err := policy.Read(source(std, f.check))
	if err != nil {
		return configError(err)
	}
	findings := nextjs.Check(app, p, config)
	for i := range findings {
		findings[i].At.File = filepath.Join(f.dir, findings[i].At.File)
	}
	if f.format == "json" {
		err = std.json(checkedOf(f, findings))
	} else {
		err = tellFindings(std, f, app, findings)
	}
	if err == nil && len(findings) > 0 {
		return errTold
	}
	return err
}

func tellFindings(std stdio, f *importFlags, app *nextjs.App, findings []nextjs.Finding) error {
	for _, finding := range findings {
		if _, err := fmt.Fprintln(std.out, finding); err != nil {
			return err
		}
	}
	handlers := 0
	for _, r := range app.Routes {
		switch {
		case len(r.Methods) > 0:
			handlers++
		case r.Kind == nextjs.Handler:
			fmt.Fprintf(std.err, "warning: %s: not compared, its code cannot be read\n", filepath.Join(f.dir, cmp.Or(r.File, r.Conf.Path)))
		}
	}
	verdict := "ok"
	if len(findings) > 0 {
		verdict = count(len(findings), "finding")
	}
	_, err := fmt.Fprintf(std.out, "%s: %s, %s compared\n", f.check, verdict, count(handlers, "handler"))
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
