package main

import "container/list"

// lru is an exact cache by time of last use, bounded by bytes: the reference.
type lru struct {
	max, bytes int64
	order      list.List // of lruObject, the one used last in front
	objects    map[int]*list.Element
}

type lruObject struct {
	number int
	bytes  int64
}

func newLRU(max int64) *lru { return &lru{max: max, objects: make(map[int]*list.Element)} }

// ask asks for an object that takes so many bytes, stores it if it is not
// there, and reports whether it was.
func (l *lru) ask(number int, bytes int64) bool {
	if e := l.objects[number]; e != nil {
		l.order.MoveToFront(e)
		return true
	}
	if bytes > l.max {
		return false
	}
	l.objects[number] = l.order.PushFront(lruObject{number, bytes})
	for l.bytes += bytes; l.bytes > l.max; {
		last := l.order.Remove(l.order.Back()).(lruObject)
		delete(l.objects, last.number)
		l.bytes -= last.bytes
	}
	return false
}
