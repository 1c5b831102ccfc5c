"""Export, import, reconcile and forecast for SharePoint, OneDrive and other sources."""
