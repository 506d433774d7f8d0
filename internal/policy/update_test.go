package policy

import "flag"

// update makes tests rewrite their golden files instead of comparing with them.
var update = flag.Bool("update", false, "rewrite golden files")
