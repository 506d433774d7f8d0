package cache

import (
	"net/http"
	"strings"
)

// SetTexts gives o, which has its labels, the Head of h and the entity tag etag, both
// copied. Store under key then finds its texts as it would put them; under another, it
// copies them again. A Head that is set after that is counted, but not copied.
func (o *Object) SetTexts(key string, h http.Header, etag []byte) {
	fields, size := storedFields(make([]storedField, 0, fieldsAtHand), h)
	text := make([]byte, 0, len(key)+len(etag)+size+o.apart(key))
	text = append(text, key...)
	text = append(text, etag...)
	o.key, o.ETag = alias(text[:len(key)]), alias(text[len(key):])
	head := len(text)
	text = appendFields(text, fields, h)
	o.Head.raw = alias(text[head:])
	o.setPath(text)
}

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
	o.key = add(key)
	o.ETag, o.Head.raw = add(o.ETag), add(o.Head.raw)
	o.setPath(text)
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

// setPath ends text with the path of o, if o.key does not have it, and says that o is
// packed if that fills it: values that were left out of the head leave a gap.
func (o *Object) setPath(text []byte) {
	path := o.Labels.Path
	if at := strings.Index(o.key, path); at >= 0 {
		o.Labels.Path = o.key[at : at+len(path)]
	} else {
		text = append(text, path...)
		o.Labels.Path = alias(text[len(text)-len(path):])
	}
	o.packed = len(text) == cap(text)
}

// textSize is how many bytes the texts of o take under key.
func (o *Object) textSize(key string) int {
	return len(key) + len(o.ETag) + len(o.Head.raw) + o.apart(key)
}

// apart is how many bytes the path of o takes beside key: mostly none, since it is a
// part of it.
func (o *Object) apart(key string) int {
	if strings.Contains(key, o.Labels.Path) {
		return 0
	}
	return len(o.Labels.Path)
}
