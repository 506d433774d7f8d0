package policy

import "slices"

// Source gives Load its inputs, so that the package touches no file and no
// environment.
type Source struct {
	// Name of the main file, for messages and to resolve includes against.
	Name string
	// Read returns a file's text.
	Read func(name string) ([]byte, error)
	// Env looks up an environment variable.
	Env func(name string) (string, bool)
	// Listen replaces the file's listeners, if not empty, by one on this
	// address.
	Listen string
	// Bound are the ports that listeners have whose addresses do not tell, by
	// address: a host is the same with a port that edge listens on and without.
	Bound map[string][]string
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
		if src.Listen != "" {
			c.Listen = []ListenConf{{Address: src.Listen}}
		}
		files, unread := readDocuments(&src, c)
		compiled, more := compile(c, src.Bound, files)
		p, problems = compiled, slices.Concat(problems, unread, more)
	}
	if len(problems) == 0 {
		return p, nil
	}
	sortByPlace(problems, src.Name)
	return nil, problems
}

// ForOrigin is the policy of "edge run --origin URL" without a file: every
// route auto, nothing enforced. listen and bound are as in Source.
func ForOrigin(url, listen string, bound map[string][]string) (*Policy, error) {
	c := &Config{Version: 1, Origin: &OriginConf{Name: "default", URL: url}}
	if listen != "" {
		c.Listen = []ListenConf{{Address: listen}}
	}
	p, problems := compile(c, bound, nil)
	if len(problems) > 0 {
		return nil, problems
	}
	return p, nil
}
