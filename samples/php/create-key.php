<?php
// Creates a key with the policy POLICY_ID. Prints its token, which is never shown again.
$curl = curl_init(getenv('KEYBEARER_URL') . '/v1/keys');
curl_setopt_array($curl, [
    CURLOPT_HTTPHEADER => ['Authorization: Bearer ' . getenv('KEYBEARER_TOKEN'), 'Content-Type: application/json'],
    CURLOPT_POSTFIELDS => json_encode(['name' => 'front desk 2', 'policy_id' => getenv('POLICY_ID'), 'expires_in' => 2592000]),
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_TIMEOUT => 10,
]);
$body = curl_exec($curl);
$status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
if ($status !== 201) {
    fwrite(STDERR, "Keybearer answered $status: " . ($body ?: curl_error($curl)) . "\n");
    exit(1);
}
echo json_decode($body)->token . "\n";
