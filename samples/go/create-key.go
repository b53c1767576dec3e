// Creates a key with the policy POLICY_ID. Prints its token, which is never shown again.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

func main() {
	key, err := json.Marshal(map[string]any{
		"name":       "front desk 2",
		"policy_id":  os.Getenv("POLICY_ID"),
		"expires_in": 2592000,
	})
	if err != nil {
		log.Fatal(err)
	}
	request, err := http.NewRequest("POST", os.Getenv("KEYBEARER_URL")+"/v1/keys", bytes.NewReader(key))
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("KEYBEARER_TOKEN"))
	request.Header.Set("Content-Type", "application/json")
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
	if response.StatusCode != http.StatusCreated {
		log.Fatalf("Keybearer answered %s: %s", response.Status, body)
	}
	var created struct{ Token string }
	if err := json.Unmarshal(body, &created); err != nil {
		log.Fatal(err)
	}
	fmt.Println(created.Token)
}
