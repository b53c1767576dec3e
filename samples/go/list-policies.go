// Lists the policies that a key can be given.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

func main() {
	request, err := http.NewRequest("GET", os.Getenv("KEYBEARER_URL")+"/v1/policies?limit=200", nil)
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("KEYBEARER_TOKEN"))
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		log.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		log.Fatalf("Keybearer answered %s: %s", response.Status, body)
	}
	var page struct {
		Items []struct{ ID, Name string }
	}
	if err := json.Unmarshal(body, &page); err != nil {
		log.Fatal(err)
	}
	for _, policy := range page.Items {
		fmt.Println(policy.ID, policy.Name)
	}
}
