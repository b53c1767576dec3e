<?php
// Asks whether API_KEY, which came with a request, is good and grants a permission.
$curl = curl_init(getenv('KEYBEARER_URL') . '/v1/verify');
curl_setopt_array($curl, [
    CURLOPT_HTTPHEADER => ['Authorization: Bearer ' . getenv('KEYBEARER_TOKEN'), 'Content-Type: application/json'],
    CURLOPT_POSTFIELDS => json_encode(['key' => getenv('API_KEY'), 'any_of' => ['shop:orders.read']]),
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_TIMEOUT => 10,
]);
$body = curl_exec($curl);
$status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
if ($status !== 200) {
    fwrite(STDERR, "Keybearer answered $status: " . ($body ?: curl_error($curl)) . "\n");
    exit(1);
}
$verdict = json_decode($body);
if ($verdict->valid !== true) {
    fwrite(STDERR, "refused: $verdict->code\n");
    exit(1);
}
echo "valid\n";
