/* A stub: what ESP-IDF starts when the device has started. */
void app_main(void);

int main(void) {
    app_main();
    return 0;
}
