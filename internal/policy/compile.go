package policy

type matcher struct{}
type compiled struct{}

// compile checks what a Config means and makes the policy. It returns every
// problem of meaning: conflicting paths, options that make no sense with their
// mode, unknown origins.
func compile(c *Config) (*Policy, Problems) { panic("contract") }
