package policy

import "cmp"

// Source gives Load its inputs, so that the package touches no file and no
// environment.
type Source struct {
	// Name of the main file, for messages and to resolve includes against.
	Name string
	// Read returns a file's text.
	Read func(name string) ([]byte, error)
	// Env looks up an environment variable.
	Env func(name string) (string, bool)
	// Listen replaces the file's listen, if not empty: a host is the same with
	// the port edge really listens on and without.
	Listen string
}

// Read reads a policy without compiling it, for Print. The error is Problems;
// it does not say that the policy makes sense, which Load does.
func Read(src Source) (*Config, error) {
	c, problems := read(src)
	if len(problems) > 0 {
		sortByPlace(problems, src.Name)
		return nil, problems
	}
	return c, nil
}

// Load reads, checks and compiles a policy. The error is Problems; errors.Is
// finds the errors of src.Read in it.
func Load(src Source) (*Policy, error) {
	c, problems := read(src)
	var p *Policy
	if c != nil {
		c.Listen = cmp.Or(src.Listen, c.Listen)
		compiled, more := compile(c)
		p, problems = compiled, append(problems, more...)
	}
	if len(problems) == 0 {
		return p, nil
	}
	sortByPlace(problems, src.Name)
	return nil, problems
}

// ForOrigin is the policy of "edge run --origin URL" without a file: every
// route auto, nothing enforced.
func ForOrigin(url, listen string) (*Policy, error) {
	p, problems := compile(&Config{
		Version: 1,
		Listen:  listen,
		Origin:  &OriginConf{Name: "default", URL: url},
	})
	if len(problems) > 0 {
		return nil, problems
	}
	return p, nil
}
