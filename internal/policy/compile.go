package policy

type matcher struct{}
type compiled struct{}
