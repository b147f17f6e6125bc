package store_test

import (
	"os"
	"testing"

	"shouwen/cases/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }
