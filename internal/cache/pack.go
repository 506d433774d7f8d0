package cache

import "strings"

// pack puts the texts of o, and key, into one piece of memory that nothing else is in:
// what they were made of may be large. It is called before anybody else sees o; the
// coded forms may be those of an object that is stored, and have been packed then.
func (o *Object) pack(key string) {
	if o.packed && o.key == key {
		return
	}
	text := make([]byte, 0, o.textSize(key))
	add := func(s string) string {
		at := len(text)
		text = append(text, s...)
		return alias(text[at:])
	}
	o.packed, o.key = true, add(key)
	o.ETag, o.Head.raw = add(o.ETag), add(o.Head.raw)
	if at := strings.Index(o.key, o.Labels.Path); at >= 0 {
		o.Labels.Path = o.key[at : at+len(o.Labels.Path)]
	} else {
		o.Labels.Path = add(o.Labels.Path)
	}
	if o.Codings == nil {
		return
	}
	for _, form := range o.Codings {
		if form != nil && !form.packed {
			form.Labels, form.Selection = Labels{}, nil // its object has them
			form.pack("")
		}
	}
}

// textSize is how many bytes the texts of o take under key. The path is mostly a part
// of the key.
func (o *Object) textSize(key string) int {
	n := len(key) + len(o.ETag) + len(o.Head.raw)
	if !strings.Contains(key, o.Labels.Path) {
		n += len(o.Labels.Path)
	}
	return n
}
