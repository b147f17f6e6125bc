package main

import "shouwen/sip"

// accounts are the phones as the registrar knows them. Constant.
type accounts map[string]sip.Account

// newAccounts makes accounts of phones in realm; all is what is demanded of each.
func newAccounts(phones []Phone, realm string, all sip.Security) accounts {
	known := make(accounts, len(phones))
	for _, p := range phones {
		md5, sha256 := sip.HA1(p.User, realm, p.Password)
		known[p.User] = sip.Account{User: p.User, Extension: p.Extension, HA1MD5: md5, HA1SHA256: sha256, Security: p.security(all)}
	}
	return known
}

// Account implements sip.Accounts.
func (a accounts) Account(user string) (sip.Account, bool) {
	acc, ok := a[user]
	return acc, ok
}
