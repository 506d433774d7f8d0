package policy

// read parses the files of src into a Config with all layers applied. It
// returns every problem of shape: syntax, unknown fields, wrong types,
// duplicates, anchors, bad durations, bad variables.
func read(src Source) (*Config, Problems) { panic("contract") }
