package policy

import (
	"net/netip"
	"slices"
	"strings"
)

// networks are addresses, by the networks they are in. Nil has none.
type networks []netip.Prefix

// parseNetwork reads "10.0.0.0/8", or an address that stands for itself.
func parseNetwork(text string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(text)
	if err != nil {
		var one netip.Addr
		one, err = netip.ParseAddr(text)
		network = netip.PrefixFrom(one.Unmap(), one.Unmap().BitLen())
	}
	return network.Masked(), err
}

// has reports whether an address is in one of the networks. An IPv4 address is
// the same when it is mapped to IPv6, and one with a zone the same without.
func (n networks) has(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	return slices.ContainsFunc(n, func(network netip.Prefix) bool { return network.Contains(ip) })
}

// String lists the networks, for people.
func (n networks) String() string {
	texts := make([]string, len(n))
	for i, network := range n {
		texts[i] = network.String()
	}
	return strings.Join(texts, ", ")
}

// networks compiles a list of networks, an option of which item i stands at at(i).
func (b *compiler) networks(texts []string, at func(i int) Place) networks {
	var list networks
	for i, text := range texts {
		network, err := parseNetwork(text)
		if err != nil {
			b.fail(at(i), "write 10.0.0.0/8 or 10.1.2.3", "%q is neither a network nor an address", text)
			continue
		}
		list = append(list, network)
	}
	return list
}
