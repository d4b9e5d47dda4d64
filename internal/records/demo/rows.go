// Package demo makes the demo company: an invented manufacturer of motion systems with two years of purchasing, stock
// and bookkeeping. The same rows come out on every machine, byte for byte, so that questions have known answers; the
// arithmetic is therefore in whole numbers only (floating point differs between processors).
//
// It knows nothing of databases. Package records stores the rows; tests compute expected answers from them.
package demo

// The rows are named after their tables, and the column tags name the columns. Dates are ISO text, amounts whole cents.
type (
	// Company is the one row about the company itself.
	Company struct {
		ID        int    `column:"id"`
		Name      string `column:"name"`
		NameLocal string `column:"name_local"`
		Currency  string `column:"currency"`
		Today     string `column:"today"`
	}
	// Department owns orders, costs and a budget.
	Department struct {
		ID   string `column:"id"`
		Name string `column:"name"`
	}
	// Vendor sells items.
	Vendor struct {
		ID               string `column:"id"`
		Name             string `column:"name"`
		NameLocal        string `column:"name_local"`
		Country          string `column:"country"`
		Category         string `column:"category"`
		PaymentTermsDays int    `column:"payment_terms_days"`
		LeadTimeDays     int    `column:"lead_time_days"`
		Since            string `column:"since"`
	}
	// Item is something bought and kept in stock.
	Item struct {
		ID        string `column:"id"`
		Name      string `column:"name"`
		NameLocal string `column:"name_local"`
		Category  string `column:"category"`
		Unit      string `column:"unit"`
	}
	// VendorPrice is a list price that holds from a date on.
	VendorPrice struct {
		VendorID       string `column:"vendor_id"`
		ItemID         string `column:"item_id"`
		ValidFrom      string `column:"valid_from"`
		UnitPriceCents int64  `column:"unit_price_cents"`
		Currency       string `column:"currency"`
	}
	// Warehouse is a place that holds stock.
	Warehouse struct {
		ID        string `column:"id"`
		Name      string `column:"name"`
		NameLocal string `column:"name_local"`
		City      string `column:"city"`
	}
	// PurchaseOrder is an order to one vendor for one warehouse.
	PurchaseOrder struct {
		ID           string  `column:"id"`
		VendorID     string  `column:"vendor_id"`
		WarehouseID  string  `column:"warehouse_id"`
		DepartmentID string  `column:"department_id"`
		Status       string  `column:"status"`
		OrderedOn    string  `column:"ordered_on"`
		ExpectedOn   string  `column:"expected_on"`
		ReceivedOn   *string `column:"received_on"`
		Currency     string  `column:"currency"`
	}
	// PurchaseOrderLine is one item of an order.
	PurchaseOrderLine struct {
		OrderID        string `column:"order_id"`
		Line           int    `column:"line"`
		ItemID         string `column:"item_id"`
		Quantity       int64  `column:"quantity"`
		UnitPriceCents int64  `column:"unit_price_cents"`
	}
	// Receipt is the arrival of an order.
	Receipt struct {
		ID          string `column:"id"`
		OrderID     string `column:"order_id"`
		WarehouseID string `column:"warehouse_id"`
		ReceivedOn  string `column:"received_on"`
	}
	// ReceiptLine is what arrived of one order line.
	ReceiptLine struct {
		ReceiptID string `column:"receipt_id"`
		OrderID   string `column:"order_id"`
		Line      int    `column:"line"`
		Quantity  int64  `column:"quantity"`
	}
	// SupplierInvoice is what a vendor asks for.
	SupplierInvoice struct {
		ID          string  `column:"id"`
		VendorID    string  `column:"vendor_id"`
		OrderID     string  `column:"order_id"`
		InvoicedOn  string  `column:"invoiced_on"`
		DueOn       string  `column:"due_on"`
		PaidOn      *string `column:"paid_on"`
		Disputed    int     `column:"disputed"`
		AmountCents int64   `column:"amount_cents"`
		Currency    string  `column:"currency"`
	}
	// StockMovement changes the stock of an item in a warehouse.
	StockMovement struct {
		ID          int    `column:"id"`
		WarehouseID string `column:"warehouse_id"`
		ItemID      string `column:"item_id"`
		MovedOn     string `column:"moved_on"`
		Kind        string `column:"kind"`
		Quantity    int64  `column:"quantity"`
		Reference   string `column:"reference"`
	}
	// ReorderPoint is the stock below which an item is to be ordered.
	ReorderPoint struct {
		WarehouseID string `column:"warehouse_id"`
		ItemID      string `column:"item_id"`
		Quantity    int64  `column:"quantity"`
	}
	// Account is an account of the ledger.
	Account struct {
		ID   string `column:"id"`
		Name string `column:"name"`
		Kind string `column:"kind"`
	}
	// JournalEntry is a booking.
	JournalEntry struct {
		ID          string `column:"id"`
		PostedOn    string `column:"posted_on"`
		Description string `column:"description"`
		Reference   string `column:"reference"`
		Currency    string `column:"currency"`
	}
	// JournalLine is one side of a booking: a debit is positive, a credit negative.
	JournalLine struct {
		EntryID      string  `column:"entry_id"`
		Line         int     `column:"line"`
		AccountID    string  `column:"account_id"`
		DepartmentID *string `column:"department_id"`
		AmountCents  int64   `column:"amount_cents"`
	}
	// Budget is what a department may spend in a quarter.
	Budget struct {
		DepartmentID string `column:"department_id"`
		Quarter      string `column:"quarter"`
		AmountCents  int64  `column:"amount_cents"`
		Currency     string `column:"currency"`
	}
)

// Rows are all rows of the demo company. The fields are in the order in which the tables must be filled, and the table
// tags name the tables.
type Rows struct {
	Company            []Company           `table:"company"`
	Departments        []Department        `table:"departments"`
	Vendors            []Vendor            `table:"vendors"`
	Items              []Item              `table:"items"`
	VendorPrices       []VendorPrice       `table:"vendor_prices"`
	Warehouses         []Warehouse         `table:"warehouses"`
	PurchaseOrders     []PurchaseOrder     `table:"purchase_orders"`
	PurchaseOrderLines []PurchaseOrderLine `table:"purchase_order_lines"`
	Receipts           []Receipt           `table:"receipts"`
	ReceiptLines       []ReceiptLine       `table:"receipt_lines"`
	SupplierInvoices   []SupplierInvoice   `table:"supplier_invoices"`
	StockMovements     []StockMovement     `table:"stock_movements"`
	ReorderPoints      []ReorderPoint      `table:"reorder_points"`
	Accounts           []Account           `table:"accounts"`
	JournalEntries     []JournalEntry      `table:"journal_entries"`
	JournalLines       []JournalLine       `table:"journal_lines"`
	Budgets            []Budget            `table:"budgets"`
}
