package policy

// Source gives Load its inputs, so that the package touches no file and no
// environment.
type Source struct {
	// Name of the main file, for messages and to resolve includes against.
	Name string
	// Read returns a file's text.
	Read func(name string) ([]byte, error)
	// Env looks up an environment variable.
	Env func(name string) (string, bool)
}

// Load reads, checks and compiles a policy. The error is Problems, or that of
// Read for the main file.
func Load(src Source) (*Policy, error) { panic("contract") }

// ForOrigin is the policy of "edge run --origin URL" without a file: every
// route auto, nothing enforced.
func ForOrigin(url, listen string) (*Policy, error) { panic("contract") }
