package fill

import (
	"encoding/binary"
	"encoding/hex"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// complete reports whether the whole body has come: the framing has said so,
// all of it was taken, and it is as long as announced. The second is not idle:
// a body's last bytes may come with io.EOF, and their Write be refused.
func (f *Flight) complete() bool {
	return f.framed && !f.lost && (f.length < 0 || f.body.size == f.length)
}

// commit stores the response, if that was decided and is still right.
func (f *Flight) commit() Outcome {
	m, outcome := f.fs.o.Memory, Outcome{Reason: f.admission.Reason, Bytes: f.body.size}
	if !f.keeps {
		return outcome
	}
	outcome.Reason = rfc9111.Superseded
	if m.Purged(&f.labels, f.job.Born) {
		return outcome
	}
	o := f.object()
	if m.Store(f.job.Key, f.admission.Vary, o) {
		outcome.Stored, outcome.Reason = true, rfc9111.Stored
		if f.job.Stored != nil {
			f.job.Stored(o, f.admission.Vary)
		}
	}
	return outcome
}

// object makes the object of a complete response.
func (f *Flight) object() *cache.Object {
	head := f.head
	if len(f.admission.Omit) > 0 {
		head = head.Clone() // the leader may still be reading the whole one
		for _, name := range f.admission.Omit {
			head.Del(name)
		}
	}
	o := &cache.Object{
		Meta:      f.admission.Meta,
		Body:      cache.NewBody(f.body.parts()),
		Labels:    f.labels,
		Born:      f.job.Born,
		Selection: cache.NewSelection(f.selector, f.selecting),
	}
	o.SetTexts(f.job.Key, head, appendTag(make([]byte, 0, tagSize), f.digest.Sum64()))
	return o
}

// tagSize is the length of an entity tag.
const tagSize = len(`"0123456789abcdef"`)

// appendTag appends the entity tag of a body with that digest.
func appendTag(dst []byte, digest uint64) []byte {
	var sum [8]byte
	binary.BigEndian.PutUint64(sum[:], digest)
	return append(hex.AppendEncode(append(dst, '"'), sum[:]), '"')
}

// salvage hands over what has come of a body that breaks off.
func (f *Flight) salvage() {
	if f.job.Broken == nil || f.phase != flowing || !f.keeps || f.body.size == 0 || f.body.size >= f.length {
		return
	}
	f.job.Broken(f.object(), f.admission.Vary, f.length)
}
