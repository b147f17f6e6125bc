package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// place is where DNS says that a server is.
type place struct {
	remote           netip.AddrPort
	priority, weight uint16 // of an SRV record; 0: there is none
}

// maxPlaces bounds what one name may stand for.
const maxPlaces = 16

// resolver looks servers up (RFC 3263). NAPTR is not asked: the transport is given.
type resolver struct {
	*net.Resolver
	network string // "udp", "tcp" or "tls"
	family  string // "ip4" or "ip6": what we listen on
}

// lookUp returns where a server is: host:port, or a host alone, of which the SRV
// records say it or, if there are none, its addresses and the usual port. The error
// says that DNS does not.
func (r resolver) lookUp(ctx context.Context, server string) ([]place, error) {
	host, portText, err := net.SplitHostPort(server)
	if err != nil {
		return r.services(ctx, strings.Trim(server, "[]"))
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("port of %s: %w", server, err)
	}
	return r.addresses(ctx, host, uint16(port))
}

// services returns the places of the SRV records of host.
func (r resolver) services(ctx context.Context, host string) ([]place, error) {
	service, proto, port := "sip", r.network, uint16(5060)
	if r.network == "tls" {
		service, proto, port = "sips", "tcp", 5061
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return r.addresses(ctx, host, port)
	}
	_, records, err := r.LookupSRV(ctx, service, proto, host)
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return r.addresses(ctx, host, port)
	case err != nil:
		return nil, err
	case len(records) == 1 && records[0].Target == ".":
		return nil, fmt.Errorf("%s says that it has no %s over %s", host, service, proto) // RFC 2782
	}
	var all []place
	var wrong error
	for _, s := range records {
		found, err := r.addresses(ctx, s.Target, s.Port)
		if err != nil {
			wrong = err // the others may do
		}
		for _, p := range found {
			p.priority, p.weight = s.Priority, s.Weight
			all = append(all, p)
		}
	}
	if len(all) > 0 {
		return all[:min(len(all), maxPlaces)], nil
	}
	return nil, wrong
}

// addresses returns the places of host at a port.
func (r resolver) addresses(ctx context.Context, host string, port uint16) ([]place, error) {
	found, err := r.LookupNetIP(ctx, r.family, host)
	if err != nil {
		return nil, err
	}
	all := make([]place, 0, len(found))
	for _, a := range found[:min(len(found), maxPlaces)] {
		all = append(all, place{remote: netip.AddrPortFrom(a.Unmap(), port)})
	}
	return all, nil
}
