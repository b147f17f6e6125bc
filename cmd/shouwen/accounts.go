package main

import "shouwen/sip"

// accounts are the phones as the registrar knows them. Constant.
type accounts map[string]sip.Account

func newAccounts(phones []Phone, realm string) accounts {
	all := make(accounts, len(phones))
	for _, p := range phones {
		md5, sha256 := sip.HA1(p.User, realm, p.Password)
		all[p.User] = sip.Account{User: p.User, Extension: p.Extension, HA1MD5: md5, HA1SHA256: sha256}
	}
	return all
}

// Account implements sip.Accounts.
func (a accounts) Account(user string) (sip.Account, bool) {
	acc, ok := a[user]
	return acc, ok
}
