package request

import "slices"

// Slot is the number of a field name that somebody reads. The first slots are
// fixed (SlotCookie and so on); a Names table adds those a policy names.
type Slot int16

// NoSlot is the slot of a field name that nobody reads by slot.
const NoSlot Slot = -1

// The fields that edge itself reads. Every Names table has them at these
// numbers.
const (
	SlotAccept Slot = iota
	SlotAcceptEncoding
	SlotAcceptLanguage
	SlotAccessControlRequestMethod
	SlotAuthorization
	SlotCacheControl
	SlotCookie
	SlotIfMatch
	SlotIfModifiedSince
	SlotIfNoneMatch
	SlotIfRange
	SlotIfUnmodifiedSince
	SlotOrigin
	SlotPragma
	SlotRange
	SlotTraceparent

	// FixedSlots is the number of fixed slots, and the first free one.
	FixedSlots
)

// fixedNames are the names of the fixed slots, in their order.
var fixedNames = [FixedSlots]string{
	"Accept", "Accept-Encoding", "Accept-Language",
	"Access-Control-Request-Method", "Authorization", "Cache-Control", "Cookie",
	"If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since",
	"Origin", "Pragma", "Range", "Traceparent",
}

// Names numbers field names, without case. It is immutable after NewNames and
// safe for concurrent use.
type Names struct {
	list    []string // canonical MIME spelling, by slot
	entries []entry
	table   []int16 // open addressing by hash: index+1 into entries, 0 for none
}

// usualNames are the fields that browsers and client libraries send without being
// asked, and those that a proxy reads or writes itself. That a request has one of
// them says nothing about its client. Names that begin with usualPrefixes belong
// here, too.
var usualNames = []string{
	"Accept", "Accept-Encoding", "Accept-Language", "Baggage", "Cache-Control",
	"DNT", "Forwarded", "If-Match", "If-Modified-Since", "If-None-Match",
	"If-Range", "If-Unmodified-Since", "Origin", "Pragma", "Priority", "Purpose",
	"Range", "Referer", "Save-Data", "Traceparent", "Tracestate",
	"Upgrade-Insecure-Requests", "User-Agent", "Via", "X-Purpose",
}

var usualPrefixes = [...]string{"Sec-", "X-Forwarded-"}

// commonNames are more that browsers send and nobody reads. Like usualNames they
// are in the table so that the fillers need not look at every byte of them.
var commonNames = []string{
	"Access-Control-Request-Headers", "Content-Type", "X-Requested-With", "Sec-CH-UA", "Sec-CH-UA-Mobile", "Sec-CH-UA-Platform",
	"Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Fetch-User", "Sec-GPC",
	"Sec-WebSocket-Extensions", "Sec-WebSocket-Key", "Sec-WebSocket-Version",
}

// isUsual reports whether practically every client sends a field called name.
func isUsual(name string) bool {
	return usualByPrefix(name) || slices.ContainsFunc(usualNames, func(usual string) bool { return EqualFold(usual, name) })
}

// usualByPrefix is isUsual for a name that is not among usualNames.
func usualByPrefix(name string) bool {
	for _, prefix := range usualPrefixes {
		if hasPrefixFold(name, prefix) {
			return true
		}
	}
	return false
}

// entry is a field name that means something: to a reader, because it has a
// slot, or to the fillers, because of its kind.
type entry struct {
	name  foldedName
	slot  Slot
	kind  kind
	usual bool // Field.Usual
}

// NewNames numbers the fixed names and then extra, in order, each once however
// often and in whatever case it is given. Names with bytes beyond letters,
// digits and "-" are passed over: no view has such a field.
func NewNames(extra ...string) *Names {
	n := &Names{}
	n.resize(4 * (len(fixedNames) + len(extra) + len(kinds) + len(usualNames) + len(commonNames)))
	for _, name := range fixedNames {
		n.number(name)
	}
	for _, name := range extra {
		n.number(name)
	}
	for _, k := range kinds {
		n.insert(k.name, NoSlot, k.kind)
	}
	for _, name := range slices.Concat(usualNames, commonNames) {
		n.insert(name, NoSlot, endToEnd)
	}
	return n
}

// Slot returns the number of name, or NoSlot. It does not allocate.
func (n *Names) Slot(name string) Slot {
	if n == nil {
		return NoSlot
	}
	if e := n.find(name); e != nil {
		return e.slot
	}
	return NoSlot
}

// Name returns the canonical MIME spelling of a slot's name.
func (n *Names) Name(s Slot) string { return n.list[s] }

// Len returns how many slots there are.
func (n *Names) Len() int { return len(n.list) }

// number gives name the next slot unless it has one.
func (n *Names) number(name string) {
	if tokenOf(name) == clean && n.insert(name, Slot(len(n.list)), kindOf(name)) {
		n.list = append(n.list, canonicalName(name))
	}
}

// insert adds an entry unless there is one of that name.
func (n *Names) insert(name string, s Slot, k kind) bool {
	if n.find(name) != nil {
		return false
	}
	i := hashFold(name)
	for n.table[n.bucket(i)] != 0 {
		i++
	}
	n.entries = append(n.entries, entry{foldName(name), s, k, isUsual(name)})
	n.table[n.bucket(i)] = int16(len(n.entries))
	return true
}

// find returns the entry of name, or nil. A name that has one is clean.
func (n *Names) find(name string) *entry {
	for i := hashFold(name); ; i++ {
		at := n.table[n.bucket(i)]
		if at == 0 {
			return nil
		}
		if e := &n.entries[at-1]; e.name.is(name) {
			return e
		}
	}
}

func (n *Names) bucket(hash uint32) uint32 { return hash & uint32(len(n.table)-1) }

// resize makes an empty table for at least size buckets.
func (n *Names) resize(size int) {
	buckets := 1
	for buckets < size {
		buckets *= 2
	}
	n.table = make([]int16, buckets)
}
