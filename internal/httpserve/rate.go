package httpserve

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// maxAddresses bounds how many addresses are counted apart. Beyond it new ones share one
// count, so that an attacker with many addresses cannot fill the memory.
const maxAddresses = 1 << 16

// rates counts the requests of each address in the current minute.
type rates struct {
	most  int
	clock func() time.Time

	mu     sync.Mutex
	minute int64
	counts map[netip.Prefix]int
}

// allow counts one request of an address.
func (r *rates) allow(address netip.Prefix) bool {
	now := r.clock().Unix() / 60
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.minute != now {
		r.minute, r.counts = now, map[netip.Prefix]int{}
	}
	if _, known := r.counts[address]; !known && len(r.counts) >= maxAddresses {
		address = netip.Prefix{}
	}
	r.counts[address]++
	return r.counts[address] <= r.most
}

// RemoteAddress is the address from which a connection comes.
func RemoteAddress(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	address, _ := netip.ParseAddr(host)
	return address
}

// network is what is counted together: an IPv4 address, or the /64 of an IPv6 address,
// of which one subscriber has all.
func network(address netip.Addr) netip.Prefix {
	address = address.Unmap().WithZone("")
	bits := 32
	if address.Is6() {
		bits = 64
	}
	prefix, _ := address.Prefix(bits)
	return prefix
}
