package harness

import (
	"fmt"
	"net/http"
)

// Purge posts a selector, as JSON, to the admin API.
func (e *Edge) Purge(selector string) error {
	req, err := NewRequest(http.MethodPost, e.AdminURL("/v1/purge"), selector, "content-type: application/json")
	if err != nil {
		return err
	}
	res, err := NewClient().Do(req)
	if err != nil {
		return err
	}
	if res.Status != http.StatusOK {
		return fmt.Errorf("purge %s: status %d: %s", selector, res.Status, res.Body)
	}
	return nil
}
