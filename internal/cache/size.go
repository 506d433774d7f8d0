package cache

import (
	"math"
	"unsafe"
)

// sizeClasses are the sizes the Go allocator rounds small objects up to
// (runtime, sizeclasses.go). A test compares them with the running toolchain.
var sizeClasses = [...]uint16{
	8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352, 384,
	416, 448, 480, 512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048, 2304, 2688,
	3072, 3200, 3456, 4096, 4864, 5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728, 10240, 10880, 12288,
	13568, 14336, 16384, 18432, 19072, 20480, 21760, 24576, 27264, 28672, 32768,
}

const pageSize = 8192

// allocated returns the bytes that an allocation of n bytes takes.
func allocated(n int) int64 {
	if n <= 0 {
		return 0
	}
	if n > math.MaxInt16+1 {
		return (int64(n) + pageSize - 1) / pageSize * pageSize
	}
	lo, hi := 0, len(sizeClasses)
	for lo < hi {
		if mid := (lo + hi) / 2; int(sizeClasses[mid]) < n {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return int64(sizeClasses[lo])
}

// mapCost is what Go's maps take for an element of n bytes: a control byte with
// each, tables that are between half and seven eighths full, and do not shrink.
func mapCost(n int) int64 { return 2 * int64(n+1) }

const (
	wordSize   = int(unsafe.Sizeof(uintptr(0)))
	stringSize = int(unsafe.Sizeof(""))

	// What ristretto keeps for a slot: hash, conflict hash, pointer and time in
	// one map under the hash, and the cost in another.
	storeEntrySize  = 8 + 8 + 8 + 8 + 24
	policyEntrySize = 8 + 8
	// What a label's cell and a place are found by.
	cellEntrySize  = 8 + 8
	placeEntrySize = 3*16 + 8 + 8
	// The registry's pointer to a slot, in a list that grows by a quarter.
	listEntrySize = 8 + 8/4
	// A header map: the map and its first group of eight.
	headerMapSize = 48 + 8*(16+24) + 8
)

// What the pieces take that nearly every object has: worked out once, not in every
// miss that is stored.
var (
	// slotCost is what a slot takes, and what is kept beside to hold it. What the
	// window keeps is not counted: it holds few.
	slotCost = allocated(int(unsafe.Sizeof(slot{}))) + listEntrySize + mapCost(storeEntrySize) + mapCost(policyEntrySize)
	kinCost  = allocated(int(unsafe.Sizeof(kin{})))
	// objectCost has a cut: an object is charged for one from the start.
	objectCost = allocated(int(unsafe.Sizeof(Object{}))) + allocated(int(unsafe.Sizeof(Cut{})))
	// cellCost is of a label's cell.
	cellCost = allocated(int(unsafe.Sizeof(cell{}))) + mapCost(cellEntrySize)
)

// cost is what s takes with o, which may be nil.
func (s *slot) cost(o *Object) int64 {
	n := slotCost + o.cost()
	if s.kin != nil {
		n += kinCost + allocated(len(s.kin.key)) + s.kin.rule.cost()
	}
	return n
}

// cost is what the rule takes; nothing when it is nil. Its names are counted
// once for each key, though they may be shared.
func (r *rule) cost() int64 {
	if r == nil {
		return 0
	}
	return allocated(int(unsafe.Sizeof(rule{}))) + stringsCost(r.names) +
		allocated(int(unsafe.Sizeof([]uint64(nil)))) + allocated(8*cap(r.variants()))
}

// Cost is what the object takes in memory under key, rounded to the allocator's size
// classes: body, head, key, labels and overhead.
func (o *Object) Cost(key []byte) int64 {
	return slotCost + o.cost() - allocated(o.textSize(o.key)) + allocated(o.textSize(string(key)))
}

// cost is what the object takes without its slot, as it is; nothing when it is nil.
func (o *Object) cost() int64 {
	if o == nil {
		return 0
	}
	n := o.formCost() + o.Selection.cost() + o.labelsCost()
	if o.Codings != nil {
		n += allocated(int(unsafe.Sizeof(*o.Codings)))
		for _, form := range o.Codings {
			n += form.formCost()
		}
	}
	return n
}

// cost is what a selection takes; nothing when it is nil.
func (s *Selection) cost() int64 {
	if s == nil {
		return 0
	}
	n := allocated(int(unsafe.Sizeof(Selection{}))) + allocated(cap(s.Selector))
	if s.Selecting != nil {
		n += int64(headerMapSize)
	}
	for name, lines := range s.Selecting {
		n += allocated(len(name)) + stringsCost(lines)
	}
	return n
}

// formCost is what a coded form takes that its object does not; nothing when it
// is nil.
func (o *Object) formCost() int64 {
	if o == nil {
		return 0
	}
	return objectCost + allocated(o.textSize(o.key)) + o.Body.cost()
}

// labelsCost is what the labels take and the cells they are interned to. The path and
// each tag are counted as if no other object had them, and the place for the object
// that it was made for.
func (o *Object) labelsCost() int64 {
	l := &o.Labels
	n := stringsCost(l.Tags) + int64(1+len(l.Tags))*cellCost
	if len(l.Tags) > 0 { // Object.tagCells
		n += allocated(int(unsafe.Sizeof(l.Tags))) + allocated(len(l.Tags)*wordSize)
	}
	if o.founded {
		n += allocated(int(unsafe.Sizeof(Place{}))) + allocated(len(l.Scheme)) + allocated(len(l.Host)) +
			mapCost(placeEntrySize) + 2*cellCost
	}
	return n
}

func stringsCost(list []string) int64 {
	n := allocated(cap(list) * stringSize)
	for _, s := range list {
		n += allocated(len(s))
	}
	return n
}
