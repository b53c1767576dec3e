// Asks whether API_KEY, which came with a request, is good and grants a permission.
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
	question, err := json.Marshal(map[string]any{
		"key":    os.Getenv("API_KEY"),
		"any_of": []string{"shop:orders.read"},
	})
	if err != nil {
		log.Fatal(err)
	}
	request, err := http.NewRequest("POST", os.Getenv("KEYBEARER_URL")+"/v1/verify", bytes.NewReader(question))
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
	if response.StatusCode != http.StatusOK {
		log.Fatalf("Keybearer answered %s: %s", response.Status, body)
	}
	var verdict struct {
		Valid bool
		Code  string
	}
	if err := json.Unmarshal(body, &verdict); err != nil {
		log.Fatal(err)
	}
	if !verdict.Valid {
		log.Fatal("refused: ", verdict.Code)
	}
	fmt.Println("valid")
}
