package store_test

import (
	"os"
	"testing"

	"shouwen/cases/store/storetest"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(nodeDatabase); url != "" {
		runNode(url)
		return
	}
	os.Exit(storetest.Main(m))
}
