package request

// Names numbers field names, without case. It is immutable after NewNames and
// safe for concurrent use.
type Names struct {
	list  []string // canonical MIME spelling, by slot
	table []Slot   // open addressing by foldHash
	mask  uint32
}

// fixedNames are the names of the fixed slots, in their order.
var fixedNames = [FixedSlots]string{
	"Accept", "Accept-Encoding", "Accept-Language",
	"Access-Control-Request-Headers", "Access-Control-Request-Method",
	"Authorization", "Cache-Control", "Content-Type", "Cookie",
	"If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since",
	"Origin", "Pragma", "Range", "Traceparent", "User-Agent",
}

// NewNames numbers the fixed names and then extra, in order, each once however
// often and in whatever case it is given.
func NewNames(extra ...string) *Names { panic("contract") }

// Slot returns the number of name, or NoSlot. It does not allocate.
func (n *Names) Slot(name string) Slot { panic("contract") }

// Name returns the canonical MIME spelling of a slot's name.
func (n *Names) Name(s Slot) string { return n.list[s] }

// Len returns how many slots there are.
func (n *Names) Len() int { return len(n.list) }
